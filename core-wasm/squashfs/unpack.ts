/**
 * Batches of blocks that are decompressed together, in this thread or in
 * another: bytes go in and come out in two buffers that are used again.
 */
import { CoreError } from "../errors.ts";
import type { Codec } from "../instance.ts";
import { located } from "./decoder.ts";

/** A block as it is stored. */
export interface StoredBlock {
  /** In the image. */
  readonly at: number;
  readonly stored: number;
  /** It is not compressed. */
  readonly plain: boolean;
  /** What it must become, in bytes. */
  readonly size: number;
  /** It may become less: a fragment. */
  readonly atMost?: boolean;
}

/** Blocks that are read at once. */
export interface Batch {
  readonly codec: Codec;
  readonly blocks: readonly StoredBlock[];
  /** What was read, from the first block on. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** Room for all of them, one after another. */
  readonly output: Uint8Array<ArrayBuffer>;
}

/** A batch that is done. */
export interface UnpackedBatch {
  /** The buffers of the batch, or what they became on the way. */
  readonly input: Uint8Array<ArrayBuffer>;
  readonly output: Uint8Array<ArrayBuffer>;
  /** The size of each block, or why there is none. */
  readonly sizes: readonly (number | CoreError)[];
}

/** Decompresses batches. */
export interface Unpacker {
  unpack(batch: Batch): Promise<UnpackedBatch>;
}

/** What decompresses a block; a `Core`. */
export interface Decompressor {
  decompressInto(codec: Codec, bytes: Uint8Array, target: Uint8Array): number;
}

/** Each block alone: a bad one is no fault of the others. */
export function unpackAll(
  core: Decompressor,
  batch: Batch,
): (number | CoreError)[] {
  const { blocks, input, output } = batch;
  const from = blocks[0]!.at;
  let to = 0;
  return blocks.map((block) => {
    const at = block.at - from;
    const bytes = input.subarray(at, at + block.stored);
    const target = output.subarray(to, to + block.size);
    to += block.size;
    try {
      return unpackBlock(core, { codec: batch.codec, block, bytes, target });
    } catch (thrown) {
      if (thrown instanceof CoreError) return thrown;
      throw thrown;
    }
  });
}

/** The size of what the block became; refuses it at its place in the image. */
function unpackBlock(
  core: Decompressor,
  options: {
    readonly codec: Codec;
    readonly block: StoredBlock;
    readonly bytes: Uint8Array;
    readonly target: Uint8Array;
  },
): number {
  const { codec, block, bytes, target } = options;
  let size = bytes.length;
  if (!block.plain) {
    try {
      size = core.decompressInto(codec, bytes, target);
    } catch (thrown) {
      throw located(thrown, block.at);
    }
  }
  if (size !== block.size && !(block.atMost && size < block.size)) {
    const what = `a block of ${size} and not ${block.size} bytes`;
    throw new CoreError("corrupt", what, block.at);
  }
  if (block.plain) target.set(bytes);
  return size;
}
