/**
 * The log of a container of a pod: the newest file that the kubelet has of it,
 * `<restarts>.log`, as it is, each line with its time and stream (CRI). One
 * that is followed goes on over rotations and restarts of the container.
 */
import { create } from "@bufbuild/protobuf";
import { systemClock } from "#lib/clock.ts";
import { type Data, DataSchema } from "#proto/common_pb.ts";
import { CHUNK_BYTES } from "./read.ts";

/** Which part of which log. */
export interface PodLogOptions {
  /** The kubelet's, of one container. */
  readonly directory: string;
  /** Negative is all, 0 none. */
  readonly tailLines: number;
  /** Goes on until the child ends, or the pod is gone. */
  readonly follow: boolean;
}

const POLL_MS = 200;
/** Looks that find no file: between the steps of a rotation there is none. */
const MISSING_MAX = 10;
const NEWLINE = 10;

/** How often the container was started before, by the newest file; or -1. */
function latestStart(directory: string): number {
  let latest = -1;
  try {
    for (const { name, isFile } of Deno.readDirSync(directory)) {
      // What was rotated has a longer name.
      const start = /^(\d{1,9})\.log$/.exec(name)?.[1];
      if (isFile && start !== undefined) latest = Math.max(latest, +start);
    }
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  return latest;
}

/** Where the last `lines` lines of the first `size` bytes begin. */
function tailOf(file: Deno.FsFile, size: number, lines: number): number {
  if (lines < 0) return 0;
  if (lines === 0) return size;
  // The newline at the very end ends the last line, and begins none.
  let wanted = lines;
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let end = size - 1; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const block = buffer.subarray(0, end - start);
    file.seekSync(start, Deno.SeekMode.Start);
    for (let filled = 0; filled < block.length;) {
      const length = file.readSync(block.subarray(filled));
      if (length === null) return size;
      filled += length;
    }
    for (let at = block.length - 1; at >= 0; at--) {
      if (block[at] === NEWLINE && --wanted === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** What is in `file` from where it stands, at most `most` bytes of it. */
function* rest(file: Deno.FsFile, most: number): Generator<Data> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  while (most > 0) {
    const length = file.readSync(
      buffer.subarray(0, Math.min(most, CHUNK_BYTES)),
    );
    if (length === null) return;
    most -= length;
    yield create(DataSchema, { bytes: buffer.slice(0, length) });
  }
}

/** The name may be that of another file by now. */
function isAt(file: Deno.FsFile, path: string): boolean {
  try {
    return Deno.statSync(path).ino === file.statSync().ino;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

/** The start whose file is to be read next; -1 when there will be none. */
async function* untilNext(
  file: Deno.FsFile,
  { directory, start }: { directory: string; start: number },
): AsyncGenerator<Data, number> {
  for (let missing = 0; missing < MISSING_MAX;) {
    await systemClock.sleep(POLL_MS);
    const next = latestStart(directory);
    const moved = !isAt(file, `${directory}/${start}.log`);
    // After that look: the last lines came before the other file was made.
    yield* rest(file, Infinity);
    if (next > start || (next === start && moved)) return next;
    missing = moved ? missing + 1 : 0;
  }
  return -1;
}

/** The bytes of the log. */
export async function* podLog(options: PodLogOptions): AsyncGenerator<Data> {
  const { directory, tailLines, follow } = options;
  let start = latestStart(directory);
  if (start < 0) {
    throw new Error(`no log in "${directory}": the container never ran`);
  }
  for (let first = true; start >= 0; first = false) {
    using file = await Deno.open(`${directory}/${start}.log`, { read: true });
    const { size } = file.statSync();
    const from = first ? tailOf(file, size, tailLines) : 0;
    file.seekSync(from, Deno.SeekMode.Start);
    // What is written while it is read would never end.
    yield* rest(file, follow ? Infinity : size - from);
    if (!follow) return;
    start = yield* untilNext(file, { directory, start });
  }
}
