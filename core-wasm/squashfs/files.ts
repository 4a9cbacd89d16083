/**
 * Files: which blocks a range of one touches. The sizes of its blocks say
 * where each is, so that finding a late one means adding up those before it;
 * marks on the way are kept, so that this is done once.
 */
import type { Place } from "./decoder.ts";
import type { Inode, Inodes } from "./inodes.ts";
import { Lru } from "./lru.ts";
import { type Image, type Metadata, placeAt } from "./metadata.ts";
import type { StoredBlock } from "./unpack.ts";

/** Files whose marks are kept, and how many of each. */
const FILES = 32;
const MARKS = 256;
/** A stored size that is not compressed has this bit. */
const PLAIN = 1 << 24;
const WORD = 4;

/** Some bytes of a file: a block, a hole, or the tail in a fragment. */
export interface Span {
  /** In the file. */
  readonly offset: number;
  readonly size: number;
  /** Nothing: a hole. */
  readonly block?: StoredBlock;
  readonly tail?: { readonly fragment: number; readonly offset: number };
}

/** Before a block: where its size is, and where it is. */
interface Mark {
  readonly block: number;
  readonly place: Place;
  readonly at: number;
}

/** Finds the blocks of files. */
export class Files {
  readonly #image: Image;
  readonly #metadata: Metadata;
  readonly #inodes: Inodes;
  readonly #marks = new Lru<string, Mark[]>(FILES);

  constructor(image: Image, metadata: Metadata, inodes: Inodes) {
    this.#image = image;
    this.#metadata = metadata;
    this.#inodes = inodes;
  }

  /** Marks of a file, at even distances; short files need only the first. */
  #marksOf(file: Inode): Mark[] {
    const key = `${file.place.block} ${file.place.offset}`;
    const kept = this.#marks.get(key);
    if (kept) return kept;
    const marks = [{ block: 0, place: file.body, at: file.start }];
    if (file.blocks > 1) this.#marks.set(key, marks, 1);
    return marks;
  }

  /** The spans of a file from the block that has `offset`. */
  async *spans(file: Inode, offset = 0): AsyncGenerator<Span, undefined> {
    const { blockSize } = this.#image.superblock;
    const first = Math.floor(offset / blockSize);
    if (first < file.blocks) {
      for await (const spans of this.#blocks(file, first)) yield* spans;
    }
    const tail = file.blocks * blockSize;
    if (file.fragment >= 0) {
      yield {
        offset: tail,
        size: file.size - tail,
        tail: { fragment: file.fragment, offset: file.offset },
      };
    }
  }

  /** The blocks from `first`, a window of sizes at a time. */
  async *#blocks(
    file: Inode,
    first: number,
  ): AsyncGenerator<readonly Span[], undefined> {
    const { decoder, context } = this.#image;
    const { table } = this.#inodes;
    const marks = this.#marksOf(file);
    const apart = Math.ceil(file.blocks / MARKS);
    let mark = marks.findLast((mark) => mark.block <= first)!;
    while (mark.block < file.blocks) {
      const { record: window } = await this.#metadata.record(
        table,
        mark.place,
        (window) => window.bytes.length - window.at < WORD ? undefined : window,
      );
      const { block, at: start } = mark;
      const words = (window.bytes.length - window.at) >> 2;
      const wanted = block < first ? first - block : file.blocks - block;
      const count = Math.min(words, wanted);
      const list = { at: window.at, count, start };
      const end = decoder.blocks(context, window, list);
      if (block >= first) {
        yield this.#spansOf(file, mark, {
          bytes: window.bytes,
          at: window.at,
          count,
        });
      }
      const place = placeAt(table, window, window.at + count * WORD);
      mark = { block: block + count, place, at: end };
      const last = marks.at(-1)!.block;
      if (mark.block >= last + apart && mark.block < file.blocks) {
        marks.push(mark);
      }
    }
  }

  #spansOf(
    file: Inode,
    mark: Mark,
    words: { bytes: Uint8Array; at: number; count: number },
  ): Span[] {
    const { blockSize } = this.#image.superblock;
    const view = new DataView(words.bytes.buffer, words.bytes.byteOffset);
    const spans: Span[] = [];
    let { at } = mark;
    for (let i = 0; i < words.count; i++) {
      const offset = (mark.block + i) * blockSize;
      const size = Math.min(blockSize, file.size - offset);
      // Checked by the decoder: at most a block, and inside of the image.
      const word = view.getUint32(words.at + i * WORD, true);
      const stored = word & (PLAIN - 1);
      const plain = (word & PLAIN) !== 0;
      spans.push(
        stored === 0
          ? { offset, size }
          : { offset, size, block: { at, stored, plain, size } },
      );
      at += stored;
    }
    return spans;
  }
}
