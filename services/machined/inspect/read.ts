/** MachineService.Read: the bytes of one regular file. */
import { create } from "@bufbuild/protobuf";
import { type Data, DataSchema } from "#proto/common_pb.ts";

/**
 * The seed era sent 1 KiB a frame; frame borders mean nothing to a client, and
 * 32 KiB moves a large file through three relays some twenty times faster.
 */
export const CHUNK_BYTES = 32 << 10;

/** The contents of `path`, which must be absolute and a regular file. */
export function* read(path: string): Generator<Data> {
  if (!path.startsWith("/")) throw new Error(`path is not absolute: "${path}"`);
  if (!Deno.statSync(path).isFile) {
    throw new Error(`path must be a regular file: "${path}"`);
  }
  using file = Deno.openSync(path, { read: true });
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const length = file.readSync(buffer);
    if (length === null) return;
    yield create(DataSchema, { bytes: buffer.slice(0, length) });
  }
}
