/** LZMA, as the specification of the LZMA SDK writes it. */
import { corrupt, type Input, type Output } from "./bytes.ts";

const PROBABILITY_BITS = 11;
const EVEN = 1 << PROBABILITY_BITS - 1;
const MOVE_BITS = 5;
const TOP = 2 ** 24;

/** Probabilities that a bit is 0, of 2 ** 11. */
type Probabilities = number[];

function even(count: number): Probabilities {
  return Array(count).fill(EVEN);
}

/** The range decoder. */
class Range {
  readonly #input: Input;
  #range = 0xffffffff;
  #code: number;

  constructor(input: Input) {
    this.#input = input;
    if (input.byte() !== 0) corrupt("the first byte of a chunk");
    this.#code = input.take(4).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  #normalize(): void {
    if (this.#range >= TOP) return;
    this.#range *= 256;
    this.#code = this.#code * 256 + this.#input.byte();
  }

  bit(probabilities: Probabilities, at: number): number {
    this.#normalize();
    const probability = probabilities[at]!;
    const bound = (this.#range >>> PROBABILITY_BITS) * probability;
    if (this.#code < bound) {
      this.#range = bound;
      probabilities[at] = probability +
        ((1 << PROBABILITY_BITS) - probability >> MOVE_BITS);
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    probabilities[at] = probability - (probability >> MOVE_BITS);
    return 1;
  }

  /** Bits that are as often 0 as 1. */
  direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.#normalize();
      this.#range = Math.floor(this.#range / 2);
      const bit = this.#code >= this.#range ? 1 : 0;
      this.#code -= bit * this.#range;
      value = value * 2 + bit;
    }
    return value;
  }

  /** `count` bits, the highest first, each with a probability of its own. */
  tree(probabilities: Probabilities, count: number, from = 0): number {
    let node = 1;
    for (let i = 0; i < count; i++) {
      node = node * 2 + this.bit(probabilities, from + node);
    }
    return node - 2 ** count;
  }

  /** The same, the lowest first. */
  reverseTree(probabilities: Probabilities, count: number, from = 0): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < count; i++) {
      const bit = this.bit(probabilities, from + node);
      node = node * 2 + bit;
      value += bit << i;
    }
    return value;
  }

  /** Nothing may be left in it. */
  end(): void {
    this.#normalize();
    if (this.#code !== 0) corrupt("a chunk that does not end");
  }
}

/** How lengths are coded: 2 to 9, 10 to 17, 18 to 273. */
class Lengths {
  readonly #choice = even(2);
  readonly #low = Array.from({ length: 16 }, () => even(8));
  readonly #middle = Array.from({ length: 16 }, () => even(8));
  readonly #high = even(256);

  decode(range: Range, position: number): number {
    if (range.bit(this.#choice, 0) === 0) {
      return 2 + range.tree(this.#low[position]!, 3);
    }
    if (range.bit(this.#choice, 1) === 0) {
      return 10 + range.tree(this.#middle[position]!, 3);
    }
    return 18 + range.tree(this.#high, 8);
  }
}

/** All probabilities of one state. */
function model() {
  return {
    isMatch: Array.from({ length: 12 }, () => even(16)),
    isRepeat: even(12),
    isRepeat0: even(12),
    isRepeat1: even(12),
    isRepeat2: even(12),
    isRepeat0Long: Array.from({ length: 12 }, () => even(16)),
    slots: Array.from({ length: 4 }, () => even(64)),
    /** For each slot 4 to 13. */
    special: Array.from({ length: 14 }, () => even(64)),
    aligned: even(16),
    lengths: new Lengths(),
    repeatLengths: new Lengths(),
    literals: new Map<number, Probabilities>(),
  };
}

/** A decoder that keeps its state from chunk to chunk. */
export class Lzma {
  readonly #lc: number;
  readonly #lp: number;
  readonly #pb: number;
  #model = model();
  #state = 0;
  #distances: [number, number, number, number] = [1, 1, 1, 1];

  constructor(properties: number) {
    if (properties >= 9 * 5 * 5) corrupt(`properties ${properties}`);
    this.#lc = properties % 9;
    this.#lp = Math.floor(properties / 9) % 5;
    this.#pb = Math.floor(properties / 45);
    if (this.#lc + this.#lp > 4) corrupt(`properties ${properties}`);
  }

  reset(): void {
    this.#model = model();
    this.#state = 0;
    this.#distances = [1, 1, 1, 1];
  }

  /** `size` bytes; those before `start` cannot be repeated. */
  decode(
    input: Input,
    output: Output,
    { start, size }: { start: number; size: number },
  ): void {
    const range = new Range(input);
    const end = output.size + size;
    while (output.size < end) {
      const at = output.size - start;
      const position = at % 2 ** this.#pb;
      if (range.bit(this.#model.isMatch[this.#state]!, position) === 0) {
        output.push(this.#literal(range, output, at));
        continue;
      }
      const length = this.#match(range, position);
      const [distance] = this.#distances;
      if (distance > at) corrupt(`distance ${distance}`);
      if (output.size + length > end) corrupt("a match past the chunk");
      output.repeat(distance, length);
    }
    range.end();
  }

  #literal(range: Range, output: Output, at: number): number {
    const before = at > 0 ? output.back(1) : 0;
    const context = at % 2 ** this.#lp * 2 ** this.#lc +
      (before >> 8 - this.#lc);
    const { literals } = this.#model;
    const probabilities = literals.get(context) ?? even(0x300);
    literals.set(context, probabilities);
    const state = this.#state;
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
    if (state < 7) return range.tree(probabilities, 8);
    // What the last distance has instead steers, as long as it is right.
    if (this.#distances[0] > at) corrupt(`distance ${this.#distances[0]}`);
    const instead = output.back(this.#distances[0]);
    let node = 1;
    let same = true;
    for (let i = 7; i >= 0; i--) {
      const guess = instead >> i & 1;
      const bit = range.bit(
        probabilities,
        same ? 0x100 * (1 + guess) + node : node,
      );
      same &&= bit === guess;
      node = node * 2 + bit;
    }
    return node - 0x100;
  }

  /** Sets the distance; returns the length. */
  #match(range: Range, position: number): number {
    const m = this.#model;
    const state = this.#state;
    const [d0, d1, d2, d3] = this.#distances;
    if (range.bit(m.isRepeat, state) === 0) {
      const length = m.lengths.decode(range, position);
      this.#state = state < 7 ? 7 : 10;
      this.#distances = [this.#distance(range, length), d0, d1, d2];
      return length;
    }
    if (range.bit(m.isRepeat0, state) === 0) {
      if (range.bit(m.isRepeat0Long[state]!, position) === 0) {
        this.#state = state < 7 ? 9 : 11;
        return 1;
      }
    } else if (range.bit(m.isRepeat1, state) === 0) {
      this.#distances = [d1, d0, d2, d3];
    } else if (range.bit(m.isRepeat2, state) === 0) {
      this.#distances = [d2, d0, d1, d3];
    } else {
      this.#distances = [d3, d0, d1, d2];
    }
    this.#state = state < 7 ? 8 : 11;
    return m.repeatLengths.decode(range, position);
  }

  #distance(range: Range, length: number): number {
    const m = this.#model;
    const slot = range.tree(m.slots[Math.min(length, 5) - 2]!, 6);
    if (slot < 4) return slot + 1;
    const bits = (slot >> 1) - 1;
    const base = (2 + slot % 2) * 2 ** bits + 1;
    if (slot < 14) return base + range.reverseTree(m.special[slot]!, bits);
    const high = range.direct(bits - 4) * 16;
    return base + high + range.reverseTree(m.aligned, 4);
  }
}
