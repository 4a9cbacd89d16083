/**
 * Metadata of a SquashFS image: blocks of 8 KiB, each compressed by itself
 * behind two bytes with its size; and tables, which are such blocks followed
 * by a list of where they are.
 */
import { constants, deflateSync, zstdCompressSync } from "node:zlib";
import { type Hook, raw, serialize, u16, u64 } from "./record.ts";

const METADATA_SIZE = 8192;
const STORED = 0x8000;

/** Makes bytes smaller, or gives nothing. */
export type Compressor = (bytes: Uint8Array) => Uint8Array | undefined;

/** How blocks are compressed; "none" says gzip and stores them as they are. */
export type WriterCompression = "gzip" | "zstd" | "none";

/** The compressors that node:zlib has. */
export const COMPRESSORS: Readonly<Record<WriterCompression, Compressor>> = {
  gzip: remembering((bytes) => smaller(bytes, deflateSync(bytes))),
  zstd: remembering((bytes) => smaller(bytes, zstd(bytes))),
  none: () => undefined,
};

/** Linux refuses windows that are larger than the block. */
function zstd(bytes: Uint8Array): Uint8Array {
  const params = { [constants.ZSTD_c_windowLog]: 12 };
  // Not in the types: with the size in the frame, the block is one segment.
  const options = { params, pledgedSrcSize: bytes.length };
  return zstdCompressSync(bytes, options);
}

const REMEMBERED = 256;

/** Does each block once: mutants differ in few of them. */
function remembering(compress: Compressor): Compressor {
  const known = new Map<string, Uint8Array | undefined>();
  return (bytes) => {
    const key = new TextDecoder("latin1").decode(bytes);
    if (known.has(key)) return known.get(key);
    if (known.size === REMEMBERED) known.clear();
    const packed = compress(bytes);
    known.set(key, packed);
    return packed;
  };
}

function smaller(bytes: Uint8Array, packed: Uint8Array) {
  return packed.length < bytes.length ? packed : undefined;
}

/** A growing image. */
export class ImageBytes {
  #pieces: Uint8Array[] = [];
  size = 0;

  append(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.size += bytes.length;
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.size);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}

/** What metadata is written with. */
export interface MetadataOptions {
  /** In the names of records. */
  readonly name: string;
  readonly compress: Compressor;
  readonly hook?: Hook | undefined;
}

/** One stream of metadata. */
export class MetadataWriter {
  readonly #options: MetadataOptions;
  readonly #done = new ImageBytes();
  readonly #block = new Uint8Array(METADATA_SIZE);
  #used = 0;
  /** Where each block is, from the start of the stream. */
  readonly starts: number[] = [];

  constructor(options: MetadataOptions) {
    this.#options = options;
  }

  /** Where the next byte will be: the start of a block, and from there. */
  get position(): { readonly block: number; readonly offset: number } {
    return { block: this.#done.size, offset: this.#used };
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + METADATA_SIZE - this.#used);
      this.#block.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === METADATA_SIZE) this.#flush();
    }
  }

  #flush(): void {
    const { name, compress, hook } = this.#options;
    const index = this.starts.length;
    const plain = serialize({
      name: `block ${name} ${index}`,
      fields: [raw("plain", this.#block.slice(0, this.#used))],
    }, hook);
    const packed = compress(plain);
    const bytes = packed ?? plain;
    this.starts.push(this.#done.size);
    this.#done.append(serialize({
      name: `stored ${name} ${index}`,
      fields: [
        u16("header", bytes.length | (packed ? 0 : STORED)),
        raw("bytes", bytes),
      ],
    }, hook));
    this.#used = 0;
  }

  /** All of it; nothing may be written after. */
  finish(): Uint8Array {
    if (this.#used > 0) this.#flush();
    return this.#done.toBytes();
  }
}

/** Appends the blocks of a table and gives where each is. */
export function appendBlocks(
  image: ImageBytes,
  entries: readonly Uint8Array[],
  options: MetadataOptions,
): Uint8Array {
  const writer = new MetadataWriter(options);
  for (const entry of entries) writer.write(entry);
  const blocks = writer.finish();
  const base = image.size;
  image.append(blocks);
  return serialize({
    name: `locations ${options.name}`,
    fields: writer.starts.map((at, i) => u64(`${i}`, base + at)),
  }, options.hook);
}

/** Appends a table; gives where its list is, which is what superblocks say. */
export function appendTable(
  image: ImageBytes,
  entries: readonly Uint8Array[],
  options: MetadataOptions,
): number {
  const locations = appendBlocks(image, entries, options);
  const at = image.size;
  image.append(locations);
  return at;
}
