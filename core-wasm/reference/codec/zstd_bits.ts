/** The bits of Zstandard, forwards and backwards, and its FSE tables. */
import { corrupt, type Input } from "./bytes.ts";

/** The number of the highest bit that is set. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

/** A stream whose last bits come first; before its first there are zeros. */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  /** How many bits are left; less than 0 when too many were taken. */
  left: number;

  constructor(bytes: Uint8Array) {
    const last = bytes.at(-1) ?? corrupt("a stream of no bytes");
    if (last === 0) corrupt("a stream without its first bit");
    this.#bytes = bytes;
    this.left = (bytes.length - 1) * 8 + highestBit(last);
  }

  #bit(at: number): number {
    return at < 0 ? 0 : this.#bytes[at >> 3]! >> (at & 7) & 1;
  }

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.#bit(--this.left);
    return value;
  }

  /** Gives back some of what was taken. */
  giveBack(count: number): void {
    this.left += count;
  }

  /** All bits must have been used, and no more. */
  end(): void {
    if (this.left !== 0) corrupt(`${this.left} bits are left`);
  }
}

/** A row of a decoding table, for a state. */
interface Row {
  readonly symbol: number;
  readonly bits: number;
  readonly base: number;
}

/** A decoding table (4.1.1). */
export interface Fse {
  readonly accuracy: number;
  readonly rows: readonly Row[];
}

/** What always means the same symbol. */
export function constantFse(symbol: number): Fse {
  return { accuracy: 0, rows: [{ symbol, bits: 0, base: 0 }] };
}

/** The table of a distribution; -1 is "less than 1". */
export function fseOf(accuracy: number, counts: readonly number[]): Fse {
  const size = 1 << accuracy;
  const symbols: number[] = Array(size).fill(-1);
  let high = size;
  for (const [symbol, count] of counts.entries()) {
    if (count === -1) symbols[--high] = symbol;
  }
  let at = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + (size >> 1) + (size >> 3) + 3) % size; while (at >= high);
    }
  }
  const next = counts.map((count) => Math.abs(count));
  const rows = symbols.map((symbol) => {
    const number = next[symbol]!++;
    const bits = accuracy - highestBit(number);
    return { symbol, bits, base: (number << bits) - size };
  });
  return { accuracy, rows };
}

/** Reads a distribution and makes its table. */
export function readFse(
  input: Input,
  most: { accuracy: number; symbol: number },
): Fse {
  let byte = 0;
  let held = 0;
  const take = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) {
      if (held === 0) [byte, held] = [input.byte(), 8];
      value += (byte & 1) << i;
      byte >>= 1;
      held--;
    }
    return value;
  };
  const accuracy = take(4) + 5;
  if (accuracy > most.accuracy) corrupt(`an accuracy of ${accuracy}`);
  const counts: number[] = [];
  let left = 1 << accuracy;
  while (left > 0) {
    const bits = highestBit(left + 1);
    const short = (2 << bits) - 1 - (left + 1);
    let value = take(bits);
    if (value >= short) {
      if (take(1) === 1) value += (1 << bits) - short;
    }
    counts.push(value - 1);
    left -= Math.abs(value - 1);
    for (let more = value === 1 ? 3 : 0; more === 3;) {
      more = take(2);
      for (let i = 0; i < more; i++) counts.push(0);
    }
    if (counts.length > most.symbol + 1) corrupt("more symbols than there are");
  }
  if (left < 0) corrupt("a distribution of too much");
  return fseOf(accuracy, counts);
}

/** A state that walks through a table. */
export class FseState {
  readonly #fse: Fse;
  readonly #bits: BackwardBits;
  #state: number;

  constructor(fse: Fse, bits: BackwardBits) {
    this.#fse = fse;
    this.#bits = bits;
    this.#state = bits.take(fse.accuracy);
  }

  get symbol(): number {
    return this.#fse.rows[this.#state]!.symbol;
  }

  next(): void {
    const { base, bits } = this.#fse.rows[this.#state]!;
    this.#state = base + this.#bits.take(bits);
  }
}
