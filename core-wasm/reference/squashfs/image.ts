/** An image, its blocks of metadata and of data, and its tables. */
import { CoreError } from "../../errors.ts";
import { type ByteSource, readExactly } from "../../source.ts";
import type { Compression } from "../../squashfs/types.ts";
import {
  readSuperblock,
  type Reference,
  refuse,
  type Superblock,
} from "./superblock.ts";

const METADATA_SIZE = 8192;
const METADATA_STORED = 0x8000;
const DATA_STORED = 1 << 24;
/** Blocks that are kept. */
const KEPT_BLOCKS = 16;

/** What decompresses: the reference itself, or what it is compared with. */
export interface Decompressors {
  decompress(
    codec: "zlib" | "lzo" | "xz" | "lz4" | "zstd",
    bytes: Uint8Array,
    options: { limit: number },
  ): Uint8Array;
}

interface Block {
  readonly bytes: Uint8Array;
  /** Where the next one begins. */
  readonly next: number;
}

/** A part of the file that holds blocks of metadata. */
interface Table {
  readonly start: number;
  readonly end: number;
}

function codecOf(compression: Compression) {
  return compression === "gzip" ? "zlib" : compression;
}

/** The numbers in `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** An image that is open. */
export class Image {
  readonly superblock: Superblock;
  readonly #source: ByteSource;
  readonly #codecs: Decompressors;
  readonly #kept = new Map<string, Block>();

  private constructor(
    superblock: Superblock,
    source: ByteSource,
    codecs: Decompressors,
  ) {
    this.superblock = superblock;
    this.#source = source;
    this.#codecs = codecs;
  }

  /** Reads the superblock, and the options of the compression. */
  static async open(
    source: ByteSource,
    codecs: Decompressors,
  ): Promise<Image> {
    const superblock = await readSuperblock(source);
    const image = new Image(superblock, source, codecs);
    const { fragmentTable, fragmentCount, idTable, idCount } = superblock;
    if (fragmentCount > 0) image.checkRoom(fragmentTable, fragmentCount, 16);
    image.checkRoom(idTable, idCount, 4);
    const { exportTable, inodeCount } = superblock;
    if (exportTable !== undefined) image.checkRoom(exportTable, inodeCount, 8);
    if (superblock.hasOptions) await image.#checkOptions();
    else if (superblock.compression === "lz4") {
      refuse("corrupt", "LZ4 without options", 24);
    }
    return image;
  }

  async #checkOptions(): Promise<void> {
    const { compression } = this.superblock;
    const sizes = { gzip: 8, lzo: 8, xz: 8, lz4: 8, zstd: 4 };
    const { bytes } = await this.#metadata(96, this.superblock.sizeBytes);
    if (bytes.length !== sizes[compression]) {
      refuse("corrupt", `${bytes.length} bytes of options`, 96);
    }
    const first = viewOf(bytes).getUint32(0, true);
    if (compression === "lz4" && first !== 1) {
      refuse("unsupported", `LZ4 of version ${first}`, 98);
    }
  }

  /** Bytes of the file system as they are. */
  async raw(offset: number, length: number): Promise<Uint8Array> {
    if (offset + length > this.superblock.sizeBytes) {
      refuse("outOfBounds", `${length} bytes`, offset);
    }
    return await readExactly(this.#source, { offset, length });
  }

  #unpack(bytes: Uint8Array, limit: number, at: number): Uint8Array {
    try {
      const codec = codecOf(this.superblock.compression);
      return this.#codecs.decompress(codec, bytes, { limit });
    } catch (thrown) {
      if (!(thrown instanceof CoreError)) throw thrown;
      // The size is a part of the format: too much or too little is wrong.
      const { kind, what } = thrown;
      refuse(kind === "unsupported" ? kind : "corrupt", what, at);
    }
  }

  async #keep(key: string, make: () => Promise<Block>): Promise<Block> {
    const block = this.#kept.get(key) ?? await make();
    this.#kept.delete(key);
    this.#kept.set(key, block);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_BLOCKS) break;
      this.#kept.delete(oldest);
    }
    return block;
  }

  /** Two bytes that say the size and the form, and up to 8 KiB. */
  #metadata(at: number, end: number): Promise<Block> {
    return this.#keep(`metadata ${at} ${end}`, async () => {
      if (at + 2 > end) refuse("outOfBounds", "past the end of a table", at);
      const [low, high] = await this.raw(at, 2);
      const word = high! * 256 + low!;
      const size = word & ~METADATA_STORED;
      if (size === 0 || size > METADATA_SIZE) {
        refuse("corrupt", `a block of metadata of ${size} bytes`, at);
      }
      const next = at + 2 + size;
      if (next > end) refuse("outOfBounds", "past the end of a table", at);
      const stored = await this.raw(at + 2, size);
      const bytes = word & METADATA_STORED
        ? stored
        : this.#unpack(stored, METADATA_SIZE, at);
      return { bytes, next };
    });
  }

  /** A block of data or fragments that must become `size` bytes. */
  async data(
    at: number,
    word: number,
    size: { exactly: number } | { atMost: number },
  ): Promise<Uint8Array> {
    const stored = word & ~DATA_STORED;
    const most = "exactly" in size ? size.exactly : size.atMost;
    if (
      word >= DATA_STORED * 2 || stored === 0 ||
      stored > this.superblock.blockSize
    ) {
      refuse("corrupt", `a block of ${word}`, at);
    }
    const { bytes } = await this.#keep(
      `data ${at} ${word} ${most}`,
      async () => {
        const raw = await this.raw(at, stored);
        const bytes = word & DATA_STORED ? raw : this.#unpack(raw, most, at);
        return { bytes, next: at + stored };
      },
    );
    if (bytes.length > most || "exactly" in size && bytes.length !== most) {
      refuse("corrupt", `a block of ${bytes.length} bytes for ${most}`, at);
    }
    return bytes;
  }

  /** Reads `table` from `reference` on. */
  async cursor(table: Table, reference: Reference): Promise<Cursor> {
    const at = table.start + reference.block;
    if (reference.offset >= METADATA_SIZE || at >= table.end) {
      refuse("outOfBounds", `byte ${reference.offset} of a block`, at);
    }
    const cursor = new Cursor((at) => this.#metadata(at, table.end), at);
    await cursor.skip(reference.offset);
    return cursor;
  }

  /** Throws unless the list at `start` can be that of so many records. */
  checkRoom(start: number, count: number, size: number): void {
    const end = start + 8 * Math.ceil(count * size / METADATA_SIZE);
    if (end > this.superblock.sizeBytes) {
      refuse("outOfBounds", `a table of ${count}`, start);
    }
  }

  /**
   * Record `index` of a table of records of `size` bytes: blocks of metadata,
   * and after them where each of them is. `start` is where that list is.
   */
  async record(start: number, index: number, size: number): Promise<Cursor> {
    const byte = index * size;
    const entry = start + 8 * Math.floor(byte / METADATA_SIZE);
    const bytes = await this.raw(entry, 8);
    const at = viewOf(bytes).getBigUint64(0, true);
    if (at >= start) refuse("outOfBounds", `a block at ${at}`, entry);
    return await this.cursor(
      { start: Number(at), end: start },
      { block: 0, offset: byte % METADATA_SIZE },
    );
  }
}

/** Reads metadata from one block to the next. */
export class Cursor {
  readonly #load: (at: number) => Promise<Block>;
  #at: number;
  #next: number;
  #rest: Uint8Array | undefined;
  #offset = 0;

  constructor(load: (at: number) => Promise<Block>, at: number) {
    this.#load = load;
    this.#at = at;
    this.#next = at;
  }

  /** Where its block is in the file. */
  get at(): number {
    return this.#at;
  }

  /** Which block the next byte is in, and which byte of it. */
  async place(): Promise<Reference> {
    await this.#fill();
    return { block: this.#at, offset: this.#offset };
  }

  /** Makes sure that a byte is left. */
  async #fill(): Promise<Uint8Array> {
    while (!this.#rest || this.#rest.length === 0) {
      this.#at = this.#next;
      const { bytes, next } = await this.#load(this.#at);
      if (bytes.length === 0) refuse("corrupt", "an empty block", this.#at);
      this.#rest = bytes;
      this.#next = next;
      this.#offset = 0;
    }
    return this.#rest;
  }

  async skip(offset: number): Promise<void> {
    if (offset >= (await this.#fill()).length) {
      refuse("outOfBounds", `byte ${offset} of a block`, this.#at);
    }
    await this.take(offset);
  }

  /** The next `length` bytes. */
  async take(length: number): Promise<Uint8Array> {
    const taken = new Uint8Array(length);
    for (let have = 0; have < length;) {
      const rest = await this.#fill();
      const part = rest.subarray(0, length - have);
      taken.set(part, have);
      have += part.length;
      this.#rest = rest.subarray(part.length);
      this.#offset += part.length;
    }
    return taken;
  }

  /** Numbers of so many bytes each; beyond 2 ** 53 they are infinite. */
  async numbers(...sizes: (2 | 4 | 8)[]): Promise<number[]> {
    const bytes = await this.take(sizes.reduce((sum, size) => sum + size, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    return sizes.map((size) => {
      at += size;
      if (size === 2) return view.getUint16(at - 2, true);
      if (size === 4) return view.getUint32(at - 4, true);
      const number = view.getBigUint64(at - 8, true);
      if (number <= Number.MAX_SAFE_INTEGER) return Number(number);
      return Infinity;
    });
  }

  /** A reference in 8 bytes. */
  async reference(): Promise<bigint> {
    return new DataView((await this.take(8)).buffer).getBigUint64(0, true);
  }
}
