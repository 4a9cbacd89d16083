/** The literals of a Zstandard block (3.1.1.3.1) and their Huffman codes. */
import { corrupt, type Input } from "./bytes.ts";
import { BackwardBits, FseState, highestBit, readFse } from "./zstd_bits.ts";
import type { History } from "./zstd_sequences.ts";

const SIZE_MAX = 128 << 10;
const CODE_BITS_MAX = 11;

/** For each pattern of `bits` bits, the symbol that it begins with. */
export interface Huffman {
  readonly bits: number;
  readonly rows: readonly { readonly symbol: number; readonly bits: number }[];
}

/** Weights by two states in turn, until there are no bits left. */
function compressedWeights(input: Input, size: number): number[] {
  const before = input.left;
  const fse = readFse(input, { accuracy: 6, symbol: 12 });
  const rest = size - (before - input.left);
  if (rest < 0) corrupt("a distribution past the weights");
  const bits = new BackwardBits(input.take(rest));
  const states = [new FseState(fse, bits), new FseState(fse, bits)];
  const weights: number[] = [];
  for (let turn = 0; bits.left >= 0; turn = 1 - turn) {
    weights.push(states[turn]!.symbol);
    states[turn]!.next();
    if (bits.left < 0) weights.push(states[1 - turn]!.symbol);
    if (weights.length > 255) corrupt("more weights than symbols");
  }
  return weights;
}

function readWeights(input: Input): number[] {
  const first = input.byte();
  if (first < 128) return compressedWeights(input, first);
  const count = first - 127;
  const bytes = input.take(Math.ceil(count / 2));
  return Array.from(
    { length: count },
    (_, i) => i % 2 === 0 ? bytes[i >> 1]! >> 4 : bytes[i >> 1]! & 15,
  );
}

/** 4.2.1: the last weight is what makes the sum a power of two. */
function readHuffman(input: Input): Huffman {
  const weights = readWeights(input);
  const sum = weights.reduce((sum, w) => sum + (w > 0 ? 1 << w - 1 : 0), 0);
  if (sum === 0) corrupt("no weights");
  const bits = highestBit(sum) + 1;
  if (bits > CODE_BITS_MAX) corrupt(`codes of ${bits} bits`);
  const missing = (1 << bits) - sum;
  if (missing !== 1 << highestBit(missing)) corrupt("weights that do not add");
  weights.push(highestBit(missing) + 1);
  const rows: { symbol: number; bits: number }[] = [];
  for (let weight = 1; weight <= bits; weight++) {
    for (const [symbol, its] of weights.entries()) {
      if (its !== weight) continue;
      const row = { symbol, bits: bits + 1 - weight };
      for (let i = 0; i < 1 << weight - 1; i++) rows.push(row);
    }
  }
  // Two codes of all bits come in pairs, so there is never one alone.
  if (weights.filter((weight) => weight === 1).length < 2) {
    corrupt("weights that do not add");
  }
  return { bits, rows };
}

function decode(bytes: Uint8Array, huffman: Huffman, count: number): number[] {
  const bits = new BackwardBits(bytes);
  const symbols: number[] = [];
  for (let i = 0; i < count; i++) {
    const row = huffman.rows[bits.take(huffman.bits)]!;
    bits.giveBack(huffman.bits - row.bits);
    if (bits.left < 0) corrupt("literals that end early");
    symbols.push(row.symbol);
  }
  bits.end();
  return symbols;
}

/** One stream, or four, the sizes of the first three before them. */
function decodeStreams(
  input: Input,
  huffman: Huffman,
  { size, streams }: { size: number; streams: number },
): number[] {
  if (streams === 1) return decode(input.take(input.left), huffman, size);
  const sizes = [input.number(2), input.number(2), input.number(2)];
  const each = Math.ceil(size / 4);
  if (size < 3 * each) corrupt("too few literals for four streams");
  const parts = sizes.map((n) => decode(input.take(n), huffman, each));
  parts.push(decode(input.take(input.left), huffman, size - 3 * each));
  return parts.flat();
}

/** A section of literals. */
export function readLiterals(
  input: Input,
  history: History,
): ArrayLike<number> {
  const first = input.byte();
  const kind = first & 3;
  const form = first >> 2 & 3;
  const header = (bytes: number) =>
    first + (bytes > 1 ? 256 * input.number(bytes - 1) : 0);
  if (kind < 2) {
    const size = form % 2 === 0
      ? header(1) >> 3
      : header(form === 1 ? 2 : 3) >> 4;
    if (size > SIZE_MAX) corrupt(`${size} literals`);
    if (kind === 0) return input.take(size);
    return Array(size).fill(input.byte());
  }
  const bits = [10, 10, 14, 18][form]!;
  const whole = header([3, 3, 4, 5][form]!);
  const size = Math.floor(whole / 16) % 2 ** bits;
  const packed = Math.floor(whole / 16 / 2 ** bits);
  if (size > SIZE_MAX) corrupt(`${size} literals`);
  const part = input.part(packed);
  if (kind === 2) history.huffman = readHuffman(part);
  const huffman = history.huffman ?? corrupt("no codes to use again");
  return decodeStreams(part, huffman, { size, streams: form === 0 ? 1 : 4 });
}
