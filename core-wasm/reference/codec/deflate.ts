/** DEFLATE (RFC 1951) and zlib (RFC 1950), a bit at a time. */
import { CoreError } from "../../errors.ts";
import { corrupt, type Input, type Output } from "./bytes.ts";

/** Bits of bytes, the lowest first. */
class Bits {
  readonly #input: Input;
  #byte = 0;
  #left = 0;

  constructor(input: Input) {
    this.#input = input;
  }

  bit(): number {
    if (this.#left === 0) {
      this.#byte = this.#input.byte();
      this.#left = 8;
    }
    const bit = this.#byte & 1;
    this.#byte >>= 1;
    this.#left--;
    return bit;
  }

  number(count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += this.bit() << i;
    return sum;
  }

  /** Leaves the rest of this byte. */
  align(): void {
    this.#left = 0;
  }
}

/** A binary tree: two numbers a node, a child or the complement of a symbol. */
type Tree = number[];

/** How much of all patterns of 15 bits the codes of these lengths cover. */
function coverage(lengths: readonly number[]): number {
  return lengths.reduce((sum, n) => n === 0 ? sum : sum + (1 << 15 - n), 0);
}

/** The tree of a set of codes (RFC 1951, 3.2.2). */
function treeOf(lengths: readonly number[]): Tree {
  const covered = coverage(lengths);
  if (covered > 1 << 15) corrupt("more codes than fit");
  // As zlib: one code of one bit may stand alone, and a set may be empty.
  if (covered < 1 << 15 && Math.max(...lengths) > 1) corrupt("codes missing");
  const tree: Tree = [0, 0];
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    code <<= 1;
    for (const [symbol, its] of lengths.entries()) {
      if (its !== length) continue;
      let node = 0;
      for (let bit = length - 1; bit > 0; bit--) {
        const side = 2 * node + (code >> bit & 1);
        if (!tree[side]) {
          tree[side] = tree.length / 2;
          tree.push(0, 0);
        }
        node = tree[side]!;
      }
      tree[2 * node + (code & 1)] = ~symbol;
      code++;
    }
  }
  return tree;
}

function symbolOf(bits: Bits, tree: Tree): number {
  let node = 0;
  while (true) {
    const next = tree[2 * node + bits.bit()]!;
    if (next < 0) return ~next;
    if (next === 0) corrupt("no such code");
    node = next;
  }
}

/** The bases and extra bits of a run of codes: `each` codes per more bit. */
function ranges(first: number, count: number, each: number) {
  const table: { base: number; extra: number }[] = [];
  let base = first;
  for (let i = 0; i < count; i++) {
    const extra = Math.max(0, Math.floor(i / each) - 1);
    table.push({ base, extra });
    base += 1 << extra;
  }
  return table;
}

const LENGTHS = [...ranges(3, 28, 4), { base: 258, extra: 0 }];
const DISTANCES = ranges(1, 30, 2);
// deno-fmt-ignore
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function fixedTrees(): [Tree, Tree] {
  const lengths = Array.from(
    { length: 288 },
    (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8,
  );
  return [treeOf(lengths), treeOf(Array(32).fill(5))];
}

function readTrees(bits: Bits): [Tree, Tree] {
  const literals = bits.number(5) + 257;
  const distances = bits.number(5) + 1;
  const count = bits.number(4) + 4;
  if (literals > 286 || distances > 30) corrupt("more symbols than there are");
  const small: number[] = Array(19).fill(0);
  for (const symbol of ORDER.slice(0, count)) small[symbol] = bits.number(3);
  if (coverage(small) !== 1 << 15) corrupt("codes of lengths incomplete");
  const tree = treeOf(small);
  const lengths: number[] = [];
  while (lengths.length < literals + distances) {
    const symbol = symbolOf(bits, tree);
    if (symbol < 16) {
      lengths.push(symbol);
      continue;
    }
    const last = lengths.at(-1);
    if (symbol === 16 && last === undefined) corrupt("nothing to repeat");
    const times = symbol === 16
      ? 3 + bits.number(2)
      : symbol === 17
      ? 3 + bits.number(3)
      : 11 + bits.number(7);
    for (let i = 0; i < times; i++) lengths.push(symbol === 16 ? last! : 0);
  }
  if (lengths.length > literals + distances) corrupt("a repeat goes too far");
  if (lengths[256] === 0) corrupt("no end of block");
  return [
    treeOf(lengths.slice(0, literals)),
    treeOf(lengths.slice(literals)),
  ];
}

function codedBlock(bits: Bits, trees: [Tree, Tree], output: Output): void {
  while (true) {
    const symbol = symbolOf(bits, trees[0]);
    if (symbol === 256) return;
    if (symbol < 256) {
      output.push(symbol);
      continue;
    }
    const length = LENGTHS[symbol - 257] ?? corrupt("no such length");
    const size = length.base + bits.number(length.extra);
    const distance = DISTANCES[symbolOf(bits, trees[1])] ??
      corrupt("no such distance");
    output.repeat(distance.base + bits.number(distance.extra), size);
  }
}

/** Blocks up to the last one; what follows is left. */
export function inflate(input: Input, output: Output): void {
  const bits = new Bits(input);
  let last = 0;
  while (last === 0) {
    last = bits.bit();
    const kind = bits.number(2);
    if (kind === 0) {
      bits.align();
      const size = input.number(2);
      if (input.number(2) !== 0xffff - size) corrupt("sizes that differ");
      output.append(input.take(size));
    } else if (kind === 1) codedBlock(bits, fixedTrees(), output);
    else if (kind === 2) codedBlock(bits, readTrees(bits), output);
    else corrupt("no such kind of block");
  }
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

/** A header of two bytes, DEFLATE, Adler-32 with the highest byte first. */
export function unzlib(input: Input, output: Output): void {
  const method = input.byte();
  const flags = input.byte();
  if ((method * 256 + flags) % 31 !== 0) corrupt("wrong check of the header");
  if (method % 16 !== 8 || method > 0x78) corrupt("no such method");
  if (flags & 0x20) {
    throw new CoreError("unsupported", "a preset dictionary", 0);
  }
  inflate(input, output);
  const stored = input.take(4).reduce((sum, byte) => sum * 256 + byte, 0);
  if (stored !== adler32(output.from(0))) corrupt("wrong Adler-32");
}
