/**
 * Data: blocks and fragments, read some at once where they follow one another
 * and decompressed here or by workers. What was read once is lent, not given:
 * a buffer for every block costs more than to decompress it.
 */
import { CoreError } from "../errors.ts";
import { readInto } from "../source.ts";
import type { LookupTable } from "./lookup.ts";
import { Lru } from "./lru.ts";
import type { Image } from "./metadata.ts";
import type { Batch, StoredBlock, Unpacker } from "./unpack.ts";

/** Read and decompressed at once: as long as that costs more than to ask. */
const BATCH_BYTES = 1 << 20;
/** What is not wanted between two blocks that are read at once. */
const GAP_BYTES = 131_072;
/** Smaller batches have buffers of their size, which are not used again. */
const SMALL_BYTES = BATCH_BYTES / 4;
/** Pairs of buffers that wait for their next use. */
const SPARES = 8;

/** Bytes, until they are given back; they must not be changed. */
export interface Lease {
  readonly bytes: Uint8Array;
  release(): void;
}

/** Bytes that others have too, or nobody else. */
export function unowned(bytes: Uint8Array): Lease {
  return { bytes, release: () => {} };
}

type Buffers = Pick<Batch, "input" | "output">;

interface Wanted extends StoredBlock {
  resolve(lease: Lease): void;
  reject(reason: unknown): void;
}

function wantedOf(block: StoredBlock) {
  // Promise.withResolvers is not in Node 20.
  let resolve!: Wanted["resolve"], reject!: Wanted["reject"];
  const promise = new Promise<Lease>((...settle) => {
    [resolve, reject] = settle;
  });
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
  readonly #spares: Buffers[] = [];
  readonly #zeros: Uint8Array;
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
    this.#zeros = new Uint8Array(image.superblock.blockSize);
  }

  /** A hole, at most a block. */
  hole(size: number): Lease {
    return unowned(this.#zeros.subarray(0, size));
  }

  /** A block that is wanted once. Nothing is read before `flush`. */
  want(block: StoredBlock): Promise<Lease> {
    const first = this.#batch[0], last = this.#batch.at(-1);
    if (first && last) {
      const gap = block.at - last.at - last.stored;
      const span = block.at + block.stored - first.at;
      const bytes = this.#batchBytes + block.size;
      if (gap < 0 || gap > GAP_BYTES || Math.max(span, bytes) > BATCH_BYTES) {
        this.flush();
      }
    }
    this.#batchBytes += block.size;
    const { wanted, promise } = wantedOf(block);
    this.#batch.push(wanted);
    return promise;
  }

  #alone(block: StoredBlock): Promise<Lease> {
    const { wanted, promise } = wantedOf(block);
    this.#settle([wanted], block.size);
    return promise;
  }

  /** Reads what was wanted since the last time. */
  flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#settle(batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
  }

  #settle(batch: readonly Wanted[], size: number): void {
    this.#read(batch, size).catch((reason) => {
      for (const wanted of batch) wanted.reject(reason);
    });
  }

  async #read(batch: readonly Wanted[], size: number): Promise<void> {
    const { source, superblock: { codec } } = this.#image;
    const from = batch[0]!.at, last = batch.at(-1)!;
    const stored = last.at + last.stored - from;
    const small = Math.max(stored, size) <= SMALL_BYTES;
    const buffers = small
      ? buffersOf(stored, size)
      : this.#spares.pop() ?? buffersOf(BATCH_BYTES, BATCH_BYTES);
    const input = buffers.input.subarray(0, stored);
    await readInto(source, from, input);
    const blocks = batch.map(({ at, stored, plain, size, atMost }) => ({
      ...{ at, stored, plain, size },
      ...atMost && { atMost },
    }));
    const { output } = buffers;
    const done = await this.#unpacker.unpack({ codec, blocks, input, output });
    let left = batch.length;
    const release = () => {
      left--;
      if (left > 0 || small || this.#spares.length >= SPARES) return;
      this.#spares.push({
        input: new Uint8Array(done.input.buffer),
        output: new Uint8Array(done.output.buffer),
      });
    };
    let at = 0;
    for (const [i, wanted] of batch.entries()) {
      const size = done.sizes[i]!;
      if (size instanceof CoreError) {
        wanted.reject(size);
        release();
      } else {
        const bytes = done.output.subarray(at, at + size);
        wanted.resolve({ bytes, release });
      }
      at += wanted.size;
    }
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
    const lease = options.atOnce ? this.#alone(block) : this.want(block);
    const bytes = lease.then((lease) => taken(lease, size));
    bytes.catch(() => this.#cache.delete(key));
    this.#cache.set(key, bytes, size);
    return bytes;
  }

  /** A part of a fragment. */
  async tail(
    index: number,
    range: { offset: number; size: number },
  ): Promise<Lease> {
    const { decoder, context, superblock } = this.#image;
    // An inode's index was checked against the count.
    const window = await this.#fragments!.record(index);
    const record = decoder.fragment(context, window, window.at);
    const block = { ...record, size: superblock.blockSize, atMost: true };
    const bytes = await this.kept(block, { atOnce: true });
    const { offset, size } = range;
    if (offset + size <= bytes.length) {
      return unowned(bytes.subarray(offset, offset + size));
    }
    throw new CoreError("corrupt", "a tail after its fragment", record.at);
  }
}

function buffersOf(input: number, output: number): Buffers {
  return { input: new Uint8Array(input), output: new Uint8Array(output) };
}

/** Bytes of their own: those of a buffer that is theirs alone, or a copy. */
function taken(lease: Lease, size: number): Uint8Array {
  const { bytes } = lease;
  const { byteLength } = bytes.buffer;
  const own = byteLength === size && size <= SMALL_BYTES
    ? bytes
    : bytes.slice();
  lease.release();
  return own;
}
