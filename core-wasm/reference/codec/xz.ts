/**
 * The .xz format (xz-file-format.txt): one stream of LZMA2, with the filter for
 * x86 or without.
 */
import { CoreError } from "../../errors.ts";
import { sha256 } from "../sha2.ts";
import { crc32 } from "../short.ts";
import { corrupt, Input, type Output } from "./bytes.ts";
import { crc64 } from "./crc64.ts";
import { unlzma2 } from "./lzma2.ts";
import { unfilterX86 } from "./x86.ts";

const HEADER_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0];
const FOOTER_MAGIC = [0x59, 0x5a];
const LZMA2 = 0x21;
const X86 = 0x04;
const DICTIONARY_MAX = 40;

const reversed = (bytes: Uint8Array) => bytes.slice().reverse();

const CHECKS: Readonly<Record<number, (bytes: Uint8Array) => Uint8Array>> = {
  0: () => new Uint8Array(0),
  1: (bytes) => reversed(crc32(bytes)),
  4: (bytes) => reversed(crc64(bytes)),
  10: sha256,
};

function unsupported(what: string): never {
  throw new CoreError("unsupported", what, 0);
}

function same(one: ArrayLike<number>, other: ArrayLike<number>): boolean {
  return Array.from(one).join() === Array.from(other).join();
}

/** `bytes` and, after them, their CRC-32. */
function checkCrc(bytes: Uint8Array, input: Input, what: string): void {
  const want = reversed(crc32(bytes));
  if (!same(input.take(4), want)) corrupt(`the CRC-32 of ${what}`);
}

/** Seven bits a byte, the lowest first, at most nine bytes. */
function numberOf(input: Input): number {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = input.byte();
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) {
      if (byte === 0 && i > 0) corrupt("a number with a byte too many");
      return value;
    }
  }
  return corrupt("a number of more than nine bytes");
}

/** Zeros up to a multiple of four bytes since `start`. */
function skipPadding(input: Input, start: number): void {
  while ((input.at - start) % 4 !== 0) {
    if (input.byte() !== 0) corrupt("padding that is not zero");
  }
}

interface Block {
  readonly packedSize: number | undefined;
  readonly size: number | undefined;
  /** Where the filter for x86 begins to count; nothing without it. */
  readonly x86: number | undefined;
}

function readFilters(header: Input, count: number): number | undefined {
  let x86: number | undefined;
  for (let i = 0; i < count; i++) {
    const last = i === count - 1;
    const id = numberOf(header);
    const size = numberOf(header);
    if (size > header.left) corrupt("properties past the header");
    const properties = header.part(size);
    if (last !== (id === LZMA2)) unsupported(`the filter ${id}`);
    if (last) {
      if (size !== 1) unsupported("properties of LZMA2");
      if (properties.byte() > DICTIONARY_MAX) unsupported("a dictionary");
    } else if (id === X86 && x86 === undefined) {
      if (size !== 0 && size !== 4) unsupported("properties of a filter");
      x86 = properties.number(size);
    } else unsupported(`the filter ${id}`);
  }
  return x86;
}

/** 3.1: size, flags, sizes, filters, padding, CRC-32. */
function readBlockHeader(input: Input): Block {
  const start = input.at;
  const size = (input.byte() + 1) * 4;
  input.at = start;
  const bytes = input.take(size - 4);
  checkCrc(bytes, input, "a block header");
  const header = new Input(bytes, "corrupt");
  header.byte();
  const flags = header.byte();
  if (flags & 0x3c) unsupported("a reserved bit");
  const packedSize = flags & 0x40 ? numberOf(header) : undefined;
  const plainSize = flags & 0x80 ? numberOf(header) : undefined;
  const x86 = readFilters(header, (flags & 3) + 1);
  if (header.take(header.left).some((byte) => byte !== 0)) {
    unsupported("padding that is not zero");
  }
  return { packedSize, size: plainSize, x86 };
}

/** A block; what the index must say of it: sizes without padding, and of data. */
function readBlock(
  input: Input,
  output: Output,
  check: number,
): [number, number] {
  const start = input.at;
  const before = output.size;
  const block = readBlockHeader(input);
  const packedFrom = input.at;
  unlzma2(input, output);
  const packed = input.at - packedFrom;
  const bytes = output.from(before);
  if (packed !== (block.packedSize ?? packed)) corrupt("a size of a block");
  if (bytes.length !== (block.size ?? bytes.length)) {
    corrupt("a size of a block");
  }
  if (block.x86 !== undefined) unfilterX86(bytes, block.x86);
  const end = input.at;
  skipPadding(input, packedFrom);
  const want = CHECKS[check]!(bytes);
  if (!same(input.take(want.length), want)) corrupt("the check of a block");
  return [end - start + want.length, bytes.length];
}

/** 4: a zero, how many blocks, their sizes, padding, CRC-32. */
function readIndex(input: Input, blocks: readonly number[][]): number {
  const start = input.at;
  input.byte();
  if (numberOf(input) !== blocks.length) corrupt("the index");
  for (const sizes of blocks) {
    for (const size of sizes) {
      if (numberOf(input) !== size) corrupt("the index");
    }
  }
  skipPadding(input, start);
  checkCrc(input.bytes.subarray(start, input.at), input, "the index");
  return input.at - start;
}

function flagsOf(bytes: Uint8Array): number {
  if (bytes[0] !== 0 || bytes[1]! > 15) unsupported("flags of the stream");
  if (!CHECKS[bytes[1]!]) unsupported(`the check ${bytes[1]}`);
  return bytes[1]!;
}

/** A stream; what follows it is left. */
export function unxz(input: Input, output: Output): void {
  if (!same(input.take(6), HEADER_MAGIC)) corrupt("no stream of xz");
  const flags = input.take(2);
  checkCrc(flags, input, "the header");
  const check = flagsOf(flags);
  const blocks: number[][] = [];
  while (true) {
    const next = input.byte();
    input.at--;
    if (next === 0) break;
    blocks.push(readBlock(input, output, check));
  }
  const indexSize = readIndex(input, blocks);
  const crc = input.take(4);
  const footer = input.take(6);
  if (!same(crc, reversed(crc32(footer)))) corrupt("the CRC-32 of the footer");
  const size = (new Input(footer).number(4) + 1) * 4;
  if (size !== indexSize) corrupt("the size of the index");
  if (!same(footer.subarray(4), flags)) corrupt("flags that differ");
  if (!same(input.take(2), FOOTER_MAGIC)) corrupt("no end of the stream");
}
