/**
 * A byte ring that starts small and doubles up to a limit; then the oldest
 * bytes give way. Positions count all bytes ever written, so that a reader is
 * a number and costs the ring nothing.
 */
import { assert } from "./assert.ts";

/** Sizes of a ring, in bytes. */
export interface RingOptions {
  readonly initialBytes: number;
  readonly maxBytes: number;
  /**
   * How far from the oldest byte a reader that fell behind starts again;
   * without it, the next write would overtake the reader at once.
   */
  readonly gapBytes: number;
}

/** See the top of the file. */
export class ByteRing {
  readonly #options: RingOptions;
  #bytes: Uint8Array;
  #end = 0;

  constructor(options: RingOptions) {
    assert(options.gapBytes < options.initialBytes, "gap within the ring");
    this.#options = options;
    this.#bytes = new Uint8Array(options.initialBytes);
  }

  /** Position after the newest byte. */
  get end(): number {
    return this.#end;
  }

  /** Position of the oldest byte that is still there. */
  get start(): number {
    return Math.max(0, this.#end - this.#bytes.length);
  }

  /** Where a reader should be that wants as much as it can safely have. */
  get safeStart(): number {
    return this.start === 0 ? 0 : this.start + this.#options.gapBytes;
  }

  /** Bytes of memory in use. */
  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** Appends `chunk`; of one larger than the ring only the tail remains. */
  write(chunk: Uint8Array): void {
    this.#grow(this.#end + chunk.length);
    const size = this.#bytes.length;
    if (chunk.length > size) {
      this.#end += chunk.length - size;
      chunk = chunk.subarray(chunk.length - size);
    }
    const at = this.#end % size;
    const first = Math.min(chunk.length, size - at);
    this.#bytes.set(chunk.subarray(0, first), at);
    this.#bytes.set(chunk.subarray(first), 0);
    this.#end += chunk.length;
  }

  /** A copy of up to `limit` bytes from `position`, which must be there. */
  read(position: number, limit: number): Uint8Array {
    assert(position >= this.start, "position is still in the ring");
    const length = Math.max(0, Math.min(limit, this.#end - position));
    const copy = new Uint8Array(length);
    const at = position % this.#bytes.length;
    const first = Math.min(length, this.#bytes.length - at);
    copy.set(this.#bytes.subarray(at, at + first));
    copy.set(this.#bytes.subarray(0, length - first), first);
    return copy;
  }

  /** Position after the first `byte` at or after `position`; else the end. */
  after(position: number, byte: number): number {
    for (let p = position; p < this.#end; p++) {
      if (this.#bytes[p % this.#bytes.length] === byte) return p + 1;
    }
    return this.#end;
  }

  /** Position after the `count`th `byte` from the end; else the safe start. */
  before(byte: number, count: number): number {
    const from = this.safeStart;
    let left = count;
    for (let p = this.#end - 1; p >= from; p--) {
      if (this.#bytes[p % this.#bytes.length] === byte && --left === 0) {
        return p + 1;
      }
    }
    return from === 0 ? 0 : this.after(from, byte);
  }

  #grow(wanted: number): void {
    let size = this.#bytes.length;
    // Only a ring that never wrapped may grow: positions stay what they are.
    if (wanted <= size || size >= this.#options.maxBytes) return;
    while (size < wanted && size < this.#options.maxBytes) size *= 2;
    const grown = new Uint8Array(Math.min(size, this.#options.maxBytes));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }
}
