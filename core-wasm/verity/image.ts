/**
 * Verifies data against a hash tree: all of it, a range, or what is read.
 * Nothing is believed before the way from it up to the root hash is checked;
 * hash blocks that were are kept in a cache of a stated size.
 */
import { CoreError } from "../errors.ts";
import type { Core } from "../mod.ts";
import { type ByteSource, readExactly } from "../source.ts";
import { layoutOf, type VerityLayout, type VerityParams } from "./layout.ts";

/** Data that is hashed at once. */
const BATCH_SIZE = 131_072;
/** Hash blocks that are read at once; neighbours are wanted next. */
const RUN_BYTES = 65_536;
/** Verified hash blocks that are kept. */
const CACHE_BYTES = 2 << 20;

/** A block whose digest is not what the tree says. */
export class VerityMismatch extends CoreError {
  /** "data", or the level of the tree whose block it is. */
  readonly where: "data" | number;
  /** Its number there. */
  readonly block: number;

  constructor(where: "data" | number, block: number, offset: number) {
    const what = where === "data" ? "data" : `level ${where} hash`;
    super(
      "corrupt",
      `${what} block ${block} does not match its digest`,
      offset,
    );
    this.where = where;
    this.block = block;
  }
}

/** What a {@linkcode VerityImage} works on. */
export interface VerityOptions {
  readonly data: ByteSource;
  readonly tree: ByteSource;
  readonly params: VerityParams;
  readonly rootHash: Uint8Array;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  // Digests of public data: there is nothing to learn from the time.
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Data under a hash tree; itself a source that gives only verified bytes. */
export class VerityImage implements ByteSource {
  readonly size: number;
  readonly #core: Core;
  readonly #options: VerityOptions;
  readonly #layout: VerityLayout;
  /** Verified hash blocks by "level:block", least recently used first. */
  readonly #cache = new Map<string, Uint8Array>();
  readonly #cacheBlocks: number;

  constructor(core: Core, options: VerityOptions) {
    const { data, tree, params, rootHash } = options;
    this.#core = core;
    this.#options = options;
    this.#layout = layoutOf(params);
    this.size = params.dataBlocks * params.dataBlockSize;
    this.#cacheBlocks = CACHE_BYTES / params.hashBlockSize;
    if (rootHash.length !== this.#layout.digestSize) {
      throw new CoreError("corrupt", "a root hash of another size", 0);
    }
    if (data.size < this.size) {
      throw new CoreError("outOfBounds", "data ends early", data.size);
    }
    if (this.#layout.levels.length > 0 && tree.size < this.#layout.end) {
      throw new CoreError("outOfBounds", "the hash tree ends early", tree.size);
    }
  }

  #hash(blocks: Uint8Array, size: number): Uint8Array {
    const { algorithm, salt } = this.#options.params;
    return this.#core.hashBlocks(algorithm, blocks, { size, salt });
  }

  /** What the tree, verified, has for blocks of `level` with one parent. */
  async #expected(
    level: number,
    range: { first: number; count: number },
  ): Promise<Uint8Array> {
    const { levels, fanOut, digestSize } = this.#layout;
    if (level === levels.length - 1) return this.#options.rootHash;
    const { first, count } = range;
    const parent = await this.#hashBlock(
      level + 1,
      Math.floor(first / fanOut),
    );
    const from = first % fanOut;
    return parent.subarray(from * digestSize, (from + count) * digestSize);
  }

  /** A verified hash block. */
  async #hashBlock(level: number, block: number): Promise<Uint8Array> {
    const key = `${level}:${block}`;
    const kept = this.#cache.get(key);
    if (kept) {
      this.#cache.delete(key);
      this.#cache.set(key, kept);
      return kept;
    }
    const { levels, fanOut, digestSize } = this.#layout;
    const { hashBlockSize } = this.#options.params;
    const { offset, blocks } = levels[level]!;
    const count = Math.min(
      RUN_BYTES / hashBlockSize,
      blocks - block,
      fanOut - block % fanOut,
    );
    const start = offset + block * hashBlockSize;
    const bytes = (await readExactly(this.#options.tree, {
      offset: start,
      length: count * hashBlockSize,
    })).slice();
    const wanted = await this.#expected(level, { first: block, count });
    const digests = this.#hash(bytes, hashBlockSize);
    // A bad neighbour is reported when it is needed itself.
    for (let i = count - 1; i >= 0; i--) {
      const [from, to] = [i * digestSize, (i + 1) * digestSize];
      if (equal(digests.subarray(from, to), wanted.subarray(from, to))) {
        const at = i * hashBlockSize;
        this.#keep(level, block + i, bytes.subarray(at, at + hashBlockSize));
      } else if (i === 0) {
        throw new VerityMismatch(level, block, start);
      }
    }
    return bytes.subarray(0, hashBlockSize);
  }

  #keep(level: number, block: number, bytes: Uint8Array): void {
    // Its own memory: one block that is kept must not keep its whole run.
    this.#cache.set(`${level}:${block}`, bytes.slice());
    if (this.#cache.size <= this.#cacheBlocks) return;
    const [oldest] = this.#cache.keys();
    this.#cache.delete(oldest!);
  }

  /** `count` data blocks from `first`, verified. At most a batch. */
  async #blocks(first: number, count: number): Promise<Uint8Array> {
    const { digestSize, fanOut } = this.#layout;
    const { data, params } = this.#options;
    const size = params.dataBlockSize;
    const bytes = await readExactly(data, {
      offset: first * size,
      length: count * size,
    });
    const wanted = new Uint8Array(count * digestSize);
    for (let i = 0; i < count;) {
      const take = Math.min(count - i, fanOut - (first + i) % fanOut);
      const range = { first: first + i, count: take };
      wanted.set(await this.#expected(-1, range), i * digestSize);
      i += take;
    }
    const digests = this.#hash(bytes, size);
    if (equal(digests, wanted)) return bytes;
    for (let i = 0; i < count; i++) {
      const [from, to] = [i * digestSize, (i + 1) * digestSize];
      if (equal(digests.subarray(from, to), wanted.subarray(from, to))) {
        continue;
      }
      throw new VerityMismatch("data", first + i, (first + i) * size);
    }
    return bytes;
  }

  /**
   * Verifies `count` data blocks from `first`; all by default. Throws
   * {@linkcode VerityMismatch} for the first bad block. Returns how many were
   * checked; `progress` hears it after each batch.
   */
  async verify(
    options: {
      first?: number;
      count?: number;
      progress?: (blocks: number) => void;
    } = {},
  ): Promise<number> {
    const { dataBlocks, dataBlockSize } = this.#options.params;
    const first = options.first ?? 0;
    const count = options.count ?? dataBlocks - first;
    if (first < 0 || count < 0 || first + count > dataBlocks) {
      throw new CoreError(
        "outOfBounds",
        `${count} blocks of ${dataBlocks}`,
        first * dataBlockSize,
      );
    }
    const batch = BATCH_SIZE / dataBlockSize;
    for (let done = 0; done < count;) {
      const take = Math.min(batch, count - done);
      await this.#blocks(first + done, take);
      done += take;
      options.progress?.(done);
    }
    return count;
  }

  /** Verifies the blocks of a range and returns its bytes. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (
      !Number.isSafeInteger(offset) || !Number.isSafeInteger(length) ||
      offset < 0 || length < 0 || offset + length > this.size
    ) {
      throw new CoreError("outOfBounds", `${length} bytes`, offset);
    }
    const size = this.#options.params.dataBlockSize;
    const result = new Uint8Array(length);
    for (let at = offset; at < offset + length;) {
      const first = Math.floor(at / size);
      const last = Math.floor((offset + length - 1) / size);
      const count = Math.min(BATCH_SIZE / size, last - first + 1);
      const bytes = await this.#blocks(first, count);
      const from = at - first * size;
      const piece = bytes.subarray(from, from + offset + length - at);
      result.set(piece, at - offset);
      at += piece.length;
    }
    return result;
  }
}
