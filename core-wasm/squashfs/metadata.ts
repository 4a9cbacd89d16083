/**
 * Metadata: blocks of at most 8 KiB, decompressed, in a cache. Records run on
 * from one block into the next, so a record is decoded in a window of one
 * block and, only when it has not enough, of the two that follow.
 */
import { CoreError } from "../errors.ts";
import { type ByteSource, readExactly } from "../source.ts";
import type {
  Context,
  Place,
  SquashfsDecoder,
  SuperblockRecord,
  Window,
} from "./decoder.ts";
import { Lru } from "./lru.ts";

/** A decompressed block of metadata. */
const METADATA_SIZE = 8192;
/** Its header and its contents, when they are stored as they are. */
const STORED_MAX = METADATA_SIZE + 2;
/** What is read of the image at once: neighbours are wanted next. */
const READ_SIZE = 65_536;
/** Blocks that a window has at most: a record of 4 KiB may touch two. */
const WINDOW_BLOCKS = 3;

/** Where a table is in the image; references count from its start. */
export interface Table {
  readonly start: number;
  readonly end: number;
}

interface Block {
  /** In the image. */
  readonly at: number;
  readonly bytes: Uint8Array;
  /** Where the next one begins, in the image. */
  readonly next: number;
}

/** A window on a table, from a place on. */
export interface TableWindow extends Window {
  /** Of the place, in the bytes. */
  readonly at: number;
  readonly blocks: readonly Block[];
}

/** What reads an image: the same for all of its parts. */
export interface Image {
  readonly decoder: SquashfsDecoder;
  readonly context: Context;
  readonly source: ByteSource;
  readonly superblock: SuperblockRecord;
}

/** Reads tables of metadata. */
export class Metadata {
  readonly #image: Image;
  readonly #cache: Lru<number, Block>;
  /** Blocks that are being read, so that none is read twice. */
  readonly #pending = new Map<number, Promise<Block>>();
  #ahead: { at: number; bytes: Uint8Array } | undefined;

  constructor(image: Image, cacheBytes: number) {
    this.#image = image;
    this.#cache = new Lru(cacheBytes);
  }

  /** The block at `at` of the image, before `end`. */
  #block(at: number, end: number): Block | Promise<Block> {
    const kept = this.#cache.get(at);
    if (kept) return kept;
    let pending = this.#pending.get(at);
    if (!pending) {
      pending = this.#read(at, end).finally(() => this.#pending.delete(at));
      this.#pending.set(at, pending);
    }
    return pending;
  }

  async #read(at: number, end: number): Promise<Block> {
    const { decoder, superblock } = this.#image;
    const stored = await this.#stored(at, end);
    const window = { bytes: stored, from: at };
    const unpacked = decoder.metadata(window, superblock.codec);
    const next = at + unpacked.stored;
    const block = { at, bytes: unpacked.bytes, next };
    this.#cache.set(at, block, METADATA_SIZE);
    return block;
  }

  /** As much of the image as a block may take. */
  async #stored(at: number, end: number): Promise<Uint8Array> {
    const length = Math.min(STORED_MAX, end - at);
    if (length <= 0) {
      throw new CoreError("outOfBounds", "metadata after its table", at);
    }
    let ahead = this.#ahead;
    if (
      !ahead || at < ahead.at || at + length > ahead.at + ahead.bytes.length
    ) {
      const range = { offset: at, length: Math.min(READ_SIZE, end - at) };
      ahead = { at, bytes: await readExactly(this.#image.source, range) };
      this.#ahead = ahead;
    }
    // A view of its own: the decoder tells bytes by their identity.
    return ahead.bytes.subarray(at - ahead.at, at - ahead.at + length);
  }

  /** Up to `count` blocks from a place on; fewer where the table ends. */
  async window(
    table: Table,
    place: Place,
    count: number,
  ): Promise<TableWindow> {
    const from = table.start + place.block;
    let block = inside(await this.#block(from, table.end), table);
    if (place.offset >= block.bytes.length) {
      throw new CoreError("outOfBounds", "an offset after its block", from);
    }
    const at = place.offset;
    if (count === 1) return { bytes: block.bytes, from, at, blocks: [block] };
    const blocks = [block];
    while (blocks.length < count && block.next < table.end) {
      // Only the last block of a table may have less.
      if (block.bytes.length !== METADATA_SIZE) break;
      block = inside(await this.#block(block.next, table.end), table);
      blocks.push(block);
    }
    return { bytes: joined(blocks), from, at, blocks };
  }

  /**
   * Decodes a record at a place: `decode` gives nothing while the window is
   * too small for it.
   */
  async record<T>(
    table: Table,
    place: Place,
    decode: (window: TableWindow) => T | undefined,
  ): Promise<{ record: T; window: TableWindow }> {
    let window;
    for (let count = 1; count <= WINDOW_BLOCKS; count++) {
      window = await this.window(table, place, count);
      const record = decode(window);
      if (record !== undefined) return { record, window };
    }
    throw new CoreError(
      "outOfBounds",
      "a record goes on after its table",
      table.start + place.block,
    );
  }

  /** Copies `length` bytes from a place on. */
  async bytes(
    table: Table,
    place: Place,
    length: number,
  ): Promise<{ bytes: Uint8Array; after: Place }> {
    const bytes = new Uint8Array(length);
    let have = 0, after = place;
    while (have < length) {
      const window = await this.window(table, after, 1);
      const piece = window.bytes.subarray(
        window.at,
        window.at + length - have,
      );
      bytes.set(piece, have);
      have += piece.length;
      after = placeAt(table, window, window.at + piece.length);
    }
    return { bytes, after };
  }
}

/** A block that is kept may be known from a table that ends later. */
function inside(block: Block, { end }: Table): Block {
  if (block.next <= end) return block;
  throw new CoreError("outOfBounds", "metadata after its table", block.at);
}

function joined(blocks: readonly Block[]): Uint8Array {
  let size = 0;
  for (const block of blocks) size += block.bytes.length;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const block of blocks) {
    bytes.set(block.bytes, at);
    at += block.bytes.length;
  }
  return bytes;
}

/** The place of a position in a window; at its end, that of the next block. */
export function placeAt(
  table: Table,
  window: TableWindow,
  at: number,
): Place {
  let rest = at;
  let block = window.blocks[0]!;
  for (block of window.blocks) {
    if (rest < block.bytes.length) {
      return { block: block.at - table.start, offset: rest };
    }
    rest -= block.bytes.length;
  }
  return { block: block.next - table.start, offset: rest };
}
