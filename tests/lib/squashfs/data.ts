/** The data area of a SquashFS image: blocks of files, and fragments. */
import type { Compressor, ImageBytes } from "./metadata.ts";
import { type Hook, raw, serialize, u32, u64 } from "./record.ts";
import type { FileNode } from "./tree.ts";

/** Of a file without a tail in a fragment. */
const NO_FRAGMENT = 0xffff_ffff;
const STORED = 1 << 24;

/** Where the bytes of a file are. */
export interface FileData {
  readonly start: number;
  readonly blockSizes: readonly number[];
  readonly sparseBytes: number;
  readonly fragment: number;
  readonly offset: number;
}

/** What data is written with. */
export interface DataOptions {
  readonly blockSize: number;
  readonly compress: Compressor;
  readonly hook?: Hook | undefined;
}

/** Writes blocks into an image as they come, fragments when they are full. */
export class DataWriter {
  readonly #image: ImageBytes;
  readonly #options: DataOptions;
  #tails: Uint8Array[] = [];
  #tailSize = 0;
  /** The entries of the fragment table. */
  readonly fragments: Uint8Array[] = [];

  constructor(image: ImageBytes, options: DataOptions) {
    this.#image = image;
    this.#options = options;
  }

  #append(name: string, plain: Uint8Array): number {
    const { compress, hook } = this.#options;
    const packed = compress(plain);
    const fields = [raw("bytes", packed ?? plain)];
    const bytes = serialize({ name, fields }, hook);
    this.#image.append(bytes);
    return bytes.length | (packed ? 0 : STORED);
  }

  /** The blocks of a file; `path` is in the names of records. */
  file(path: string, { bytes, fragment = true }: FileNode): FileData {
    const { blockSize } = this.#options;
    const start = this.#image.size;
    const blockSizes: number[] = [];
    let sparseBytes = 0;
    let at = 0;
    const rest = fragment ? bytes.length % blockSize : 0;
    for (; at < bytes.length - rest; at += blockSize) {
      const block = bytes.subarray(at, at + blockSize);
      const hole = block.every((byte) => byte === 0);
      if (hole) sparseBytes += block.length;
      blockSizes.push(
        hole ? 0 : this.#append(`data ${path} ${blockSizes.length}`, block),
      );
    }
    const tail = rest === 0
      ? { fragment: NO_FRAGMENT, offset: 0 }
      : this.#tail(bytes.subarray(at));
    return { start, blockSizes, sparseBytes, ...tail };
  }

  #tail(bytes: Uint8Array) {
    if (this.#tailSize + bytes.length > this.#options.blockSize) this.flush();
    const place = { fragment: this.fragments.length, offset: this.#tailSize };
    this.#tails.push(bytes);
    this.#tailSize += bytes.length;
    return place;
  }

  /** Ends the fragment that tails go into. */
  flush(): void {
    if (this.#tailSize === 0) return;
    const plain = new Uint8Array(this.#tailSize);
    let at = 0;
    for (const tail of this.#tails) {
      plain.set(tail, at);
      at += tail.length;
    }
    const index = this.fragments.length;
    const start = this.#image.size;
    const size = this.#append(`fragment data ${index}`, plain);
    this.fragments.push(serialize({
      name: `fragment ${index}`,
      fields: [u64("start", start), u32("size", size), u32("unused", 0)],
    }, this.#options.hook));
    this.#tails = [];
    this.#tailSize = 0;
  }
}
