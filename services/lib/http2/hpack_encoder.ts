/**
 * HPACK encoding (RFC 7541), for one direction of one connection. Fields that
 * come again (paths, content types, roles) enter the dynamic table; fields
 * that differ with each call never do. A stable list is encoded once for as
 * long as the table stays as it is.
 */
import type { Fields } from "./fields.ts";
import {
  DynamicTable,
  entryBytes,
  staticName,
  staticPair,
} from "./hpack_table.ts";
import { huffmanEncode, huffmanLength } from "./huffman.ts";

/** More than this is not worth the memory, whatever the peer offers. */
const ENCODER_TABLE_BYTES_MAX = 4096;
/** Longer values push out what comes again. */
const INDEXED_BYTES_MAX = 256;

/** Values that differ with each call. */
const VARYING: ReadonlySet<string> = new Set([
  "grpc-timeout",
  "grpc-message",
  "grpc-status-details-bin",
  "content-length",
]);
/** Never into any table, here or at any hop after us (section 7.1.3). */
const SECRET: ReadonlySet<string> = new Set(["token", "authorization"]);

interface Encoded {
  readonly generation: number;
  readonly block: Uint8Array;
}

/** Encodes the header blocks of one connection, in their order. */
export class HpackEncoder {
  readonly #table = new DynamicTable(ENCODER_TABLE_BYTES_MAX);
  readonly #encoded = new WeakMap<Fields, Encoded>();
  #resizes: number[] = [];
  readonly #huffman: boolean;

  /** Without `huffman` literals stay plain; for tests. */
  constructor(options: { huffman?: boolean } = {}) {
    this.#huffman = options.huffman ?? true;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; the next block announces it. */
  resize(bytes: number): void {
    const size = Math.min(bytes, ENCODER_TABLE_BYTES_MAX);
    if (size === this.#table.bytesMax && this.#resizes.length === 0) return;
    this.#table.resize(size);
    // The smallest and the last must be announced (section 4.2).
    const smallest = Math.min(size, ...this.#resizes);
    this.#resizes = smallest < size ? [smallest, size] : [size];
  }

  /** The block of `fields`; not to be changed by the caller. */
  encode(fields: Fields): Uint8Array {
    const plain = this.#resizes.length === 0;
    if (plain && fields.stable) {
      const known = this.#encoded.get(fields);
      if (known?.generation === this.#table.generation) return known.block;
    }
    const out: number[] = [];
    for (const size of this.#resizes) integer(out, 0x20, { bits: 5, n: size });
    this.#resizes = [];
    const before = this.#table.generation;
    const { flat } = fields;
    for (let i = 0; i < flat.length; i += 2) {
      this.#field(out, flat[i]!, flat[i + 1]!);
    }
    const block = Uint8Array.from(out);
    if (plain && fields.stable && before === this.#table.generation) {
      this.#encoded.set(fields, { generation: before, block });
    }
    return block;
  }

  #field(out: number[], name: string, value: string): void {
    if (SECRET.has(name)) {
      this.#literal(out, { first: 0x10, bits: 4 }, name, value);
      return;
    }
    const index = staticPair(name, value) || this.#table.pairIndex(name, value);
    if (index > 0) {
      integer(out, 0x80, { bits: 7, n: index });
      return;
    }
    const bytes = entryBytes(name, value);
    if (
      VARYING.has(name) || bytes > INDEXED_BYTES_MAX ||
      bytes > this.#table.bytesMax
    ) {
      this.#literal(out, { first: 0, bits: 4 }, name, value);
      return;
    }
    this.#literal(out, { first: 0x40, bits: 6 }, name, value);
    this.#table.insert(name, value);
  }

  #literal(
    out: number[],
    form: { first: number; bits: number },
    name: string,
    value: string,
  ): void {
    const index = staticName(name);
    integer(out, form.first, { bits: form.bits, n: index });
    if (index === 0) this.#string(out, name);
    this.#string(out, value);
  }

  #string(out: number[], text: string): void {
    const coded = huffmanLength(text);
    if (this.#huffman && coded <= text.length) {
      integer(out, 0x80, { bits: 7, n: coded });
      huffmanEncode(text, out);
      return;
    }
    integer(out, 0, { bits: 7, n: text.length });
    for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i) & 255);
  }
}

/** Appends an integer with a prefix of `bits` bits (section 5.1). */
function integer(
  out: number[],
  first: number,
  { bits, n }: { bits: number; n: number },
): void {
  const mask = (1 << bits) - 1;
  if (n < mask) {
    out.push(first | n);
    return;
  }
  out.push(first | mask);
  let rest = n - mask;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}
