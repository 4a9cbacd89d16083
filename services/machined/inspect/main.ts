/**
 * The inspect child: machined starts one for each call whose answer has no
 * bound of its own (trees, files, processes, mounts, the kernel's log, the
 * image), so
 * that PID 1 never walks, blocks or grows with what a disk or a peer chose.
 *
 * Arguments: the command and its options as JSON. Answers go to stdout as
 * frames (frame.ts). It needs `--allow-all`, because Deno opens /proc, /sys
 * and /dev for nothing less; it opens no socket and starts no process.
 */
import {
  type DescMessage,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { DataSchema } from "#proto/common_pb.ts";
import { ImageVerifyResponseSchema } from "#proto/image_pb.ts";
import {
  FileInfoSchema,
  MountsResponseSchema,
  ProcessesResponseSchema,
} from "#proto/machine_pb.ts";
import { messageOf } from "#lib/errors.ts";
import { dmesg } from "./dmesg.ts";
import { encodeFrame, FrameKind } from "./frame.ts";
import { verify } from "./image.ts";
import { listImage, readImage } from "./image_files.ts";
import { list } from "./list.ts";
import { mounts } from "./mounts.ts";
import { podLog } from "./pod_log.ts";
import { processes } from "./processes.ts";
import { read } from "./read.ts";

/** The commands; each yields encoded messages of the API. */
const COMMANDS: Readonly<
  // deno-lint-ignore no-explicit-any
  Record<string, (options: any) => AsyncIterable<Uint8Array>>
> = {
  list: (options) => encoded(FileInfoSchema, list(options)),
  read: (options) => encoded(DataSchema, read(options.path)),
  dmesg: (options) => encoded(DataSchema, dmesg(options)),
  mounts: () => encoded(MountsResponseSchema, [mounts()]),
  processes: () => encoded(ProcessesResponseSchema, [processes()]),
  podLog: (options) => encoded(DataSchema, podLog(options)),
  listImage: (options) => encoded(FileInfoSchema, listImage(options)),
  readImage: (options) => encoded(DataSchema, readImage(options)),
  verifyImage: () => encoded(ImageVerifyResponseSchema, verify()),
};

async function* encoded<D extends DescMessage>(
  schema: D,
  messages: Iterable<MessageShape<D>> | AsyncIterable<MessageShape<D>>,
): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield toBinary(schema, message);
}

/** stdout is a pipe: a reader that stops reading stops us. */
function write(frame: Uint8Array): void {
  for (let rest = frame; rest.length > 0;) {
    rest = rest.subarray(Deno.stdout.writeSync(rest));
  }
}

async function main([command = "", options = "{}"]: string[]) {
  try {
    const run = COMMANDS[command];
    if (!run) throw new Error(`Cannot inspect "${command}": no such command`);
    for await (const message of run(JSON.parse(options))) {
      write(encodeFrame(FrameKind.message, message));
    }
  } catch (thrown) {
    const text = new TextEncoder().encode(messageOf(thrown));
    write(encodeFrame(FrameKind.error, text));
  }
}

if (import.meta.main) await main(Deno.args);
