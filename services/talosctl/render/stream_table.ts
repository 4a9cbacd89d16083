/**
 * A table whose rows come one by one. The first rows may be held back so that
 * a short table is aligned as a whole; after that columns widen as they must
 * and never shrink, so that following needs no waiting. Pure.
 */

const PADDING = 3;
/** A column never reserves more than this; a wider cell just sticks out. */
const WIDTH_MAX = 64;

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

/** See the file's comment. */
export class StreamTable {
  readonly #widths: number[];
  readonly #hold: number;
  #held: string[][] = [];
  #holding: boolean;

  /** `widths`: the least of each column; `hold`: rows to align together. */
  constructor(
    options: { widths?: readonly number[]; hold?: number } = {},
  ) {
    this.#widths = [...options.widths ?? []];
    this.#hold = options.hold ?? 0;
    this.#holding = this.#hold > 0;
  }

  /** What can be printed after adding `row`; empty while rows are held. */
  add(row: readonly string[]): string {
    const clean = row.map((cell) => cell.replace(CONTROL, " "));
    clean.slice(0, -1).forEach((cell, column) => {
      const width = Math.max(this.#widths[column] ?? 0, [...cell].length);
      this.#widths[column] = Math.min(width, WIDTH_MAX);
    });
    if (!this.#holding) return this.#line(clean);
    this.#held.push(clean);
    return this.#held.length >= this.#hold ? this.end() : "";
  }

  /** The rows that are held; what is added later is printed at once. */
  end(): string {
    const text = this.#held.map((row) => this.#line(row)).join("");
    this.#held = [];
    this.#holding = false;
    return text;
  }

  #line(row: readonly string[]): string {
    const cells = row.map((cell, column) =>
      column === row.length - 1 ? cell : cell + " ".repeat(
        Math.max(this.#widths[column]! - [...cell].length, 0) + PADDING,
      )
    );
    return `${cells.join("").trimEnd()}\n`;
  }
}
