/**
 * Tables that are found through a list of places: fragments, exports, owners
 * and attributes. Each has records of one size, some to a block.
 */
import { CoreError } from "../errors.ts";
import { readExactly } from "../source.ts";
import { Lru } from "./lru.ts";
import type { Image, Metadata, TableWindow } from "./metadata.ts";

const METADATA_SIZE = 8192;
/** Places that are read at once. */
const PLACES = 64;
/** Groups of places that are kept. */
const GROUPS = 64;

/** What a table of records is. */
export interface LookupOptions {
  /** Where the places are, in the image. */
  readonly at: number;
  readonly count: number;
  readonly recordSize: number;
}

/** Records by number. */
export class LookupTable {
  readonly #image: Image;
  readonly #metadata: Metadata;
  readonly #options: LookupOptions;
  readonly #groups = new Lru<number, readonly number[]>(GROUPS);

  constructor(image: Image, metadata: Metadata, options: LookupOptions) {
    this.#image = image;
    this.#metadata = metadata;
    this.#options = options;
  }

  /**
   * Reads the first places: a table that cannot be is refused at once. Returns
   * where its first block is.
   */
  async open(): Promise<number> {
    const { at, count, recordSize } = this.#options;
    const length = 8 * Math.ceil(count * recordSize / METADATA_SIZE);
    if (at + length > this.#image.superblock.bytesUsed) {
      throw new CoreError("outOfBounds", "a table after the image", at);
    }
    return (await this.#places(0))[0]!;
  }

  /** A group of places; `first` is a multiple of `PLACES`. */
  async #places(first: number): Promise<readonly number[]> {
    const kept = this.#groups.get(first);
    if (kept) return kept;
    const { at, count, recordSize } = this.#options;
    const blocks = Math.ceil(count * recordSize / METADATA_SIZE);
    const { source, decoder, context } = this.#image;
    const from = at + first * 8;
    const bytes = await readExactly(source, {
      offset: from,
      length: Math.min(PLACES, blocks - first) * 8,
    });
    const options = { end: at, first: first === 0 };
    const places = decoder.places(context, { bytes, from }, options);
    this.#groups.set(first, places, 1);
    return places;
  }

  /** The window with record `index`, which is below the count, and where. */
  async record(index: number): Promise<TableWindow> {
    const { at, recordSize } = this.#options;
    const byte = index * recordSize;
    const block = Math.floor(byte / METADATA_SIZE);
    const group = block - block % PLACES;
    const places = await this.#places(group);
    const table = { start: places[block - group]!, end: at };
    const place = { block: 0, offset: byte % METADATA_SIZE };
    const window = await this.#metadata.window(table, place, 1);
    if (window.at + recordSize <= window.bytes.length) return window;
    throw new CoreError("outOfBounds", "a table that ends early", window.from);
  }

  /** How many records there are. */
  get count(): number {
    return this.#options.count;
  }
}
