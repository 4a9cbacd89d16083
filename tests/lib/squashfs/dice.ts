/** Numbers that look thrown and are the same in every run: mulberry32. */
export class Dice {
  #state = 0;

  constructor(...seeds: readonly number[]) {
    for (const seed of seeds) this.#state = this.#next() ^ seed;
  }

  #next(): number {
    this.#state = this.#state + 0x6d2b79f5 | 0;
    let x = Math.imul(this.#state ^ this.#state >>> 15, this.#state | 1);
    x ^= x + Math.imul(x ^ x >>> 7, x | 61);
    return (x ^ x >>> 14) >>> 0;
  }

  /** 0 to `sides` - 1; at most 2 ** 32 sides. */
  roll(sides: number): number {
    return Math.floor(this.#next() / 2 ** 32 * sides);
  }

  pick<T>(of: readonly T[]): T {
    return of[this.roll(of.length)]!;
  }
}
