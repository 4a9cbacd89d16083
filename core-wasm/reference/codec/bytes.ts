/** What every decompressor reads from and writes to, with their bounds. */
import { CoreError, type CoreProblemKind } from "../../errors.ts";

/** The bytes contradict their format. */
export function corrupt(what: string): never {
  throw new CoreError("corrupt", what, 0);
}

/** Compressed bytes, taken one after another. */
export class Input {
  readonly bytes: Uint8Array;
  at = 0;
  readonly #atEnd: CoreProblemKind;

  /** `atEnd`: what it is to take more than there is. */
  constructor(bytes: Uint8Array, atEnd: CoreProblemKind = "outOfBounds") {
    this.bytes = bytes;
    this.#atEnd = atEnd;
  }

  #need(count: number): void {
    if (this.left >= count) return;
    throw new CoreError(this.#atEnd, "it ends early", 0);
  }

  /** How many are left. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    this.#need(1);
    return this.bytes[this.at++]!;
  }

  /** The next `count`. */
  take(count: number): Uint8Array {
    this.#need(count);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** The next `count`, whose contents must fit. */
  part(count: number): Input {
    return new Input(this.take(count), "corrupt");
  }

  /** A number of `count` bytes, the lowest first, exact up to 6 bytes. */
  number(count: number): number {
    return this.take(count).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  /** Nothing may follow. */
  end(): void {
    if (this.left > 0) corrupt(`${this.left} bytes after the end`);
  }
}

/** What comes out, at most `limit` bytes of it. */
export class Output {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  size = 0;

  constructor(limit: number) {
    this.#bytes = new Uint8Array(limit);
  }

  /** So many bytes must fit. */
  expect(count: number): void {
    if (this.size + count <= this.#bytes.length) return;
    throw new CoreError("limit", "it becomes more than is allowed", 0);
  }

  /** A byte. */
  push(byte: number): void {
    this.expect(1);
    this.#bytes[this.size++] = byte;
  }

  /** Some bytes as they are. */
  append(bytes: Uint8Array): void {
    for (const byte of bytes) this.push(byte);
  }

  /** The byte `distance` before the next one. */
  back(distance: number): number {
    if (distance < 1 || distance > this.size) corrupt(`distance ${distance}`);
    return this.#bytes[this.size - distance]!;
  }

  /** `length` bytes that were there `distance` bytes ago. */
  repeat(distance: number, length: number): void {
    for (let i = 0; i < length; i++) this.push(this.back(distance));
  }

  /** What has come out from byte `from` on; may be changed in place. */
  from(from: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(from, this.size);
  }
}
