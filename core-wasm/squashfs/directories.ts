/**
 * Directories: all entries in turn, or one by its name, where the index of a
 * large directory says from which run on.
 */
import { CoreError } from "../errors.ts";
import type { EntryRecord, Place } from "./decoder.ts";
import type { Inode, Inodes } from "./inodes.ts";
import {
  type Image,
  type Metadata,
  placeAt,
  type Table,
  type TableWindow,
} from "./metadata.ts";
import { SQUASHFS_LIMITS } from "./types.ts";

/** Blocks that a window has at most; the largest entry touches two. */
const WINDOW_BLOCKS = 3;

/** Reads directories. */
export class Directories {
  readonly #image: Image;
  readonly #metadata: Metadata;
  readonly #inodes: Inodes;

  readonly #table: Table;

  constructor(
    image: Image,
    metadata: Metadata,
    options: { inodes: Inodes; end: number },
  ) {
    this.#image = image;
    this.#metadata = metadata;
    this.#inodes = options.inodes;
    this.#table = { start: image.superblock.directories, end: options.end };
  }

  /** All entries of a directory, a window's at a time. */
  async *entries(
    directory: Inode,
  ): AsyncGenerator<readonly EntryRecord[], undefined> {
    const place = { block: directory.start, offset: directory.offset };
    const scan = this.#image.decoder.newScan();
    const list = { place, left: directory.size, scan };
    while (list.left > 0) yield (await this.#scan(list)).entries;
  }

  /** The entry with a name. */
  async find(
    directory: Inode,
    wanted: Uint8Array,
  ): Promise<EntryRecord | undefined> {
    if (wanted.length > SQUASHFS_LIMITS.nameBytes) return undefined;
    const from = await this.#fromIndex(directory, wanted);
    const scan = this.#image.decoder.newScan();
    const list = { ...from, scan, wanted };
    while (list.left > 0) {
      const { entries, over } = await this.#scan(list);
      if (over) return entries[0];
    }
    return undefined;
  }

  /** Scans a window of a listing and moves `list` on. */
  async #scan(
    list: {
      place: Place;
      left: number;
      scan: Uint8Array;
      wanted?: Uint8Array;
    },
  ) {
    const { decoder, context } = this.#image;
    const table = this.#table;
    for (let count = 1; count <= WINDOW_BLOCKS; count++) {
      const window = await this.#metadata.window(table, list.place, count);
      const { at } = window;
      const result = decoder.scan(context, window, { ...list, at });
      if (result.at === at && !result.over) continue;
      list.left -= result.at - at;
      if (list.left > 0) list.place = placeAt(table, window, result.at);
      return result;
    }
    throw new CoreError(
      "outOfBounds",
      "a directory that goes on after its table",
      table.start + list.place.block,
    );
  }

  /** Where in the listing to begin to look for a name. */
  async #fromIndex(
    directory: Inode,
    wanted: Uint8Array,
  ): Promise<{ place: Place; left: number }> {
    const start = { block: directory.start, offset: directory.offset };
    const best = await this.#searchIndex(directory, wanted);
    if (!best) return { place: start, left: directory.size };
    // Places in the listing count decompressed bytes from its start.
    const offset = (directory.offset + best.at) % 8192;
    return {
      place: { block: best.block, offset },
      left: directory.size - best.at,
    };
  }

  async #searchIndex(directory: Inode, wanted: Uint8Array) {
    const { decoder, context } = this.#image;
    const { table } = this.#inodes;
    const listing = directory.size;
    const scan = decoder.newScan();
    let place = directory.body, left = directory.indexCount;
    let best: { at: number; block: number } | undefined;
    while (left > 0) {
      let window: TableWindow | undefined, result;
      for (let count = 1; count <= WINDOW_BLOCKS; count++) {
        window = await this.#metadata.window(table, place, count);
        const { at } = window;
        const list = { at, left, listing, scan, wanted };
        result = decoder.index(context, window, list);
        if (result.over || result.at > at) break;
      }
      if (!window || !result || result.at === window.at && !result.over) {
        throw new CoreError(
          "outOfBounds",
          "a directory index that goes on after its table",
          table.start + place.block,
        );
      }
      best = result.best ?? best;
      if (result.over) break;
      left = result.left;
      place = placeAt(table, window, result.at);
    }
    return best;
  }
}
