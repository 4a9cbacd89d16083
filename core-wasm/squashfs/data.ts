/**
 * Data: blocks and fragments, read some at once where they follow one another
 * and decompressed here or by workers.
 */
import { CoreError } from "../errors.ts";
import type { Codec } from "../instance.ts";
import { readExactly } from "../source.ts";
import { located } from "./decoder.ts";
import type { LookupTable } from "./lookup.ts";
import { Lru } from "./lru.ts";
import type { Image } from "./metadata.ts";

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

/** Blocks that are read at once; the first begins what was read. */
export interface Batch {
  readonly codec: Codec;
  readonly blocks: readonly StoredBlock[];
}

/** Decompresses batches. */
export interface Unpacker {
  /** Each block, or why there is none. */
  unpack(bytes: Uint8Array, batch: Batch): Promise<readonly Unpacked[]>;
}

/** A block, or why there is none. */
export type Unpacked = Uint8Array | CoreError;

/** What `core.decompress` does. */
export type Decompress = (
  codec: Codec,
  bytes: Uint8Array,
  options: { limit: number },
) => Uint8Array;

/** The blocks in `bytes`, each alone: a bad one is no fault of the others. */
export function unpackAll(
  decompress: Decompress,
  bytes: Uint8Array,
  batch: Batch,
): Unpacked[] {
  const { codec, blocks } = batch;
  const from = blocks[0]!.at;
  return blocks.map((block) => {
    const at = block.at - from;
    const stored = bytes.subarray(at, at + block.stored);
    try {
      return unpackBlock(decompress, stored, { codec, block });
    } catch (thrown) {
      if (thrown instanceof CoreError) return thrown;
      throw thrown;
    }
  });
}

/** The block that `bytes` are; refuses it at its place in the image. */
function unpackBlock(
  decompress: Decompress,
  bytes: Uint8Array,
  options: { readonly codec: Codec; readonly block: StoredBlock },
): Uint8Array {
  const { codec, block } = options;
  let unpacked;
  if (block.plain) {
    // A block that is kept must not keep all that was read with it.
    unpacked = bytes.slice();
  } else {
    try {
      unpacked = decompress(codec, bytes, { limit: block.size });
    } catch (thrown) {
      throw located(thrown, block.at);
    }
  }
  const { length } = unpacked;
  if (length === block.size || block.atMost && length < block.size) {
    return unpacked;
  }
  throw new CoreError(
    "corrupt",
    `a block of ${length} and not ${block.size} bytes`,
    block.at,
  );
}

/** Read at once: as long as that costs more than to ask. */
const BATCH_BYTES = 1 << 20;
/** What is not wanted between two blocks that are read at once. */
const GAP_BYTES = 16_384;

interface Wanted extends StoredBlock {
  resolve(bytes: Uint8Array): void;
  reject(reason: unknown): void;
}

function wantedOf(block: StoredBlock) {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  // Whoever wanted it may be gone when it fails.
  promise.catch(() => {});
  return { wanted: { ...block, resolve, reject }, promise };
}

/** Blocks that are read and unpacked together. */
export class Data {
  readonly #image: Image;
  readonly #unpacker: Unpacker;
  readonly #fragments: LookupTable | undefined;
  /** Blocks and fragments that were wanted, also while they are on the way. */
  readonly #cache: Lru<string, Promise<Uint8Array>>;
  #batch: Wanted[] = [];
  #batchBytes = 0;

  constructor(
    image: Image,
    parts: {
      unpacker: Unpacker;
      fragments: LookupTable | undefined;
      cacheBytes: number;
    },
  ) {
    this.#image = image;
    this.#unpacker = parts.unpacker;
    this.#fragments = parts.fragments;
    this.#cache = new Lru(parts.cacheBytes);
  }

  /** A block that is wanted once. Nothing is read before `flush`. */
  want(block: StoredBlock): Promise<Uint8Array> {
    const last = this.#batch.at(-1);
    const gap = last ? block.at - last.at - last.stored : 0;
    if (
      gap < 0 || gap > GAP_BYTES || this.#batchBytes + block.size > BATCH_BYTES
    ) this.flush();
    this.#batchBytes += block.size;
    const { wanted, promise } = wantedOf(block);
    this.#batch.push(wanted);
    return promise;
  }

  #alone(block: StoredBlock): Promise<Uint8Array> {
    const { wanted, promise } = wantedOf(block);
    this.#settle([wanted]);
    return promise;
  }

  /** Reads what was wanted since the last time. */
  flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#settle(batch);
  }

  #settle(batch: readonly Wanted[]): void {
    this.#read(batch).then(
      (all) =>
        batch.forEach((wanted, i) => {
          const unpacked = all[i]!;
          if (unpacked instanceof CoreError) wanted.reject(unpacked);
          else wanted.resolve(unpacked);
        }),
      (reason) => batch.forEach((wanted) => wanted.reject(reason)),
    );
  }

  async #read(batch: readonly Wanted[]): Promise<readonly Unpacked[]> {
    const { source, superblock: { codec } } = this.#image;
    const offset = batch[0]!.at;
    const last = batch.at(-1)!;
    const length = last.at + last.stored - offset;
    const bytes = await readExactly(source, { offset, length });
    const blocks = batch.map(({ at, stored, plain, size, atMost }) => ({
      ...{ at, stored, plain, size },
      ...atMost && { atMost },
    }));
    return await this.#unpacker.unpack(bytes, { codec, blocks });
  }

  /**
   * A block that is kept, and must not be changed: with the batch, or, for one
   * that others do not follow, at once.
   */
  kept(
    block: StoredBlock,
    options: { readonly atOnce?: boolean } = {},
  ): Promise<Uint8Array> {
    // All that it depends on: nothing else makes two blocks the same.
    const { at, stored, plain, size, atMost } = block;
    const key = `${at} ${stored} ${plain} ${size} ${atMost}`;
    const kept = this.#cache.get(key);
    if (kept) return kept;
    const wanted = options.atOnce ? this.#alone(block) : this.want(block);
    this.#cache.set(key, wanted, size);
    wanted.catch(() => this.#cache.delete(key));
    return wanted;
  }

  /** A part of a fragment. */
  async tail(
    index: number,
    range: { offset: number; size: number },
  ): Promise<Uint8Array> {
    const { decoder, context, superblock } = this.#image;
    // An inode's index was checked against the count.
    const window = await this.#fragments!.record(index);
    const record = decoder.fragment(context, window, window.at);
    const block = { ...record, size: superblock.blockSize, atMost: true };
    const bytes = await this.kept(block, { atOnce: true });
    const { offset, size } = range;
    if (offset + size <= bytes.length) {
      return bytes.slice(offset, offset + size);
    }
    throw new CoreError("outOfBounds", "a tail after its fragment", record.at);
  }
}
