/**
 * HPACK decoding (RFC 7541), for one direction of one connection. Clients of
 * gRPC send the same few blocks again and again: a block that changes no table
 * is remembered until one does, and yields the same {@linkcode Fields} again.
 */
import { connectionError } from "./errors.ts";
import { ErrorCode } from "./constants.ts";
import { Fields } from "./fields.ts";
import { DynamicTable, entryBytes } from "./hpack_table.ts";
import { huffmanDecode } from "./huffman.ts";

/** The table size that we offer; the default of the RFC. */
const DECODER_TABLE_BYTES = 4096;

const REMEMBERED_BLOCK_BYTES = 512;
const REMEMBERED_BLOCKS = 64;
/** For Huffman strings; a block (see limits.ts) cannot decode to more. */
const SCRATCH = new Uint8Array(65_536);
/** Indexes and lengths above this cannot be meant seriously. */
const INTEGER_MAX = 1 << 24;

function compressionError(what: string) {
  return connectionError(ErrorCode.COMPRESSION_ERROR, what);
}

/** A block may be fine for the table and too long for us. */
export type DecodedBlock =
  | { readonly kind: "fields"; readonly fields: Fields }
  | { readonly kind: "tooLarge" };

const TOO_LARGE: DecodedBlock = { kind: "tooLarge" };

/** Decodes the header blocks of one connection, in their order. */
export class HpackDecoder {
  readonly #table = new DynamicTable(DECODER_TABLE_BYTES);
  readonly #listBytesMax: number;
  readonly #remembered = new Map<string, DecodedBlock>();
  #rememberedFor = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** `listBytesMax` limits names plus values plus 32 a field. */
  constructor(listBytesMax: number) {
    this.#listBytesMax = listBytesMax;
  }

  /**
   * Decodes one whole block. The table follows even when the list is too
   * large, so the connection may go on.
   *
   * @throws {Http2Error} of kind `connection`
   */
  decode(block: Uint8Array): DecodedBlock {
    const key = block.length <= REMEMBERED_BLOCK_BYTES
      ? latin1(block, 0, block.length)
      : undefined;
    if (key !== undefined && this.#rememberedFor === this.#table.generation) {
      const known = this.#remembered.get(key);
      if (known) return known;
    }
    const before = this.#table.generation;
    const decoded = this.#decode(block);
    if (key !== undefined && before === this.#table.generation) {
      this.#remember(key, decoded);
    }
    return decoded;
  }

  #remember(key: string, decoded: DecodedBlock): void {
    if (
      this.#rememberedFor !== this.#table.generation ||
      this.#remembered.size >= REMEMBERED_BLOCKS
    ) {
      this.#remembered.clear();
      this.#rememberedFor = this.#table.generation;
    }
    if (decoded.kind === "fields") decoded.fields.stable = true;
    this.#remembered.set(key, decoded);
  }

  #decode(block: Uint8Array): DecodedBlock {
    this.#bytes = block;
    this.#at = 0;
    const flat: string[] = [];
    let listBytes = 0;
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      if ((first & 0xe0) === 0x20) {
        if (flat.length > 0) {
          throw compressionError("table size update after a field");
        }
        this.#resize(this.#integer(5));
        continue;
      }
      const before = flat.length;
      this.#field(first, flat);
      listBytes += entryBytes(flat[before]!, flat[before + 1]!);
      // One is kept, so that a later size update is still seen as misplaced.
      if (listBytes > this.#listBytesMax) flat.length = 2;
    }
    this.#bytes = SCRATCH;
    return listBytes > this.#listBytesMax
      ? TOO_LARGE
      : { kind: "fields", fields: new Fields(flat) };
  }

  #field(first: number, flat: string[]): void {
    if (first & 0x80) {
      const entry = this.#entry(this.#integer(7));
      flat.push(entry.name, entry.value);
      return;
    }
    const indexed = (first & 0x40) !== 0;
    const index = this.#integer(indexed ? 6 : 4);
    const name = index === 0 ? this.#string() : this.#entry(index).name;
    const value = this.#string();
    if (indexed) this.#table.insert(name, value);
    flat.push(name, value);
  }

  #entry(index: number) {
    const entry = this.#table.at(index);
    if (!entry) throw compressionError(`no entry at index ${index}`);
    return entry;
  }

  #resize(bytes: number): void {
    if (bytes > DECODER_TABLE_BYTES) {
      throw compressionError(`table size ${bytes} exceeds what was offered`);
    }
    this.#table.resize(bytes);
  }

  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.#octet() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const octet = this.#octet();
      value += (octet & 0x7f) << shift;
      if (value > INTEGER_MAX) break;
      if (!(octet & 0x80)) return value;
    }
    throw compressionError("integer too large");
  }

  #octet(): number {
    if (this.#at >= this.#bytes.length) throw compressionError("truncated");
    return this.#bytes[this.#at++]!;
  }

  #string(): string {
    const coded = (this.#bytes[this.#at] ?? 0) & 0x80;
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (to > this.#bytes.length) throw compressionError("truncated string");
    this.#at = to;
    if (!coded) return latin1(this.#bytes, from, to);
    const decoded = huffmanDecode(this.#bytes, { from, to }, SCRATCH);
    if (decoded < 0) throw compressionError("bad Huffman code");
    return latin1(SCRATCH, 0, decoded);
  }
}

/** Octets as a string, one to one; short pieces, as the stack holds them. */
function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at += 4096) {
    text += String.fromCharCode.apply(
      null,
      bytes.subarray(at, Math.min(at + 4096, to)) as unknown as number[],
    );
  }
  return text;
}
