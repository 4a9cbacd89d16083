/**
 * Where bytes come from: a buffer, a part of another source, a file, or
 * anything that reads by offset. What reads a source checks its bounds first,
 * so a source that gives less than it was asked for is broken.
 */
import { CoreError } from "./errors.ts";

/** Bytes by offset. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`, which the caller may keep. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same into `target`, all of it; for a source that can save a copy. */
  readInto?(offset: number, target: Uint8Array): Promise<number>;
}

/** A place for bytes by offset. */
export interface ByteSink {
  write(offset: number, bytes: Uint8Array): Promise<void> | void;
}

/** All of `bytes`. */
export function bufferSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) =>
      Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/** A part of `source`. */
export function rangeSource(
  source: ByteSource,
  range: { readonly offset: number; readonly size: number },
): ByteSource {
  const { offset, size } = range;
  checkRange(source, offset, size);
  return { size, read: (at, length) => source.read(offset + at, length) };
}

/** Throws `outOfBounds` unless the range is inside of the source. */
function checkRange(source: ByteSource, offset: number, length: number): void {
  if (
    !Number.isSafeInteger(offset) || !Number.isSafeInteger(length) ||
    offset < 0 || length < 0 || offset + length > source.size
  ) {
    throw new CoreError(
      "outOfBounds",
      `${length} bytes of a source of ${source.size}`,
      offset,
    );
  }
}

/** Reads a range that a file format claims to be there. */
export async function readExactly(
  source: ByteSource,
  range: { readonly offset: number; readonly length: number },
): Promise<Uint8Array> {
  const { offset, length } = range;
  checkRange(source, offset, length);
  const bytes = await source.read(offset, length);
  if (bytes.length === length) return bytes;
  throw new CoreError(
    "outOfBounds",
    `the source gave ${bytes.length} of ${length} bytes`,
    offset,
  );
}

/** As `readExactly`, into `target`. */
export async function readInto(
  source: ByteSource,
  offset: number,
  target: Uint8Array,
): Promise<void> {
  const { length } = target;
  if (!source.readInto) {
    target.set(await readExactly(source, { offset, length }));
    return;
  }
  checkRange(source, offset, length);
  const have = await source.readInto(offset, target);
  if (have === length) return;
  const what = `the source gave ${have} of ${length} bytes`;
  throw new CoreError("outOfBounds", what, offset);
}
