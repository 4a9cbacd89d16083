/**
 * A table whose rows come one by one: columns widen as they must and never
 * shrink, so that following is readable without waiting. Pure.
 */

const PADDING = 3;
/** A column never reserves more than this; a wider cell just sticks out. */
const WIDTH_MAX = 64;

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

export class StreamTable {
  readonly #widths: number[];

  /** `widths`: the least of each column. */
  constructor(widths: readonly number[] = []) {
    this.#widths = [...widths];
  }

  /** The line of one row, with its newline. */
  line(row: readonly string[]): string {
    const cells = row.map((cell, column) => {
      const text = cell.replace(CONTROL, " ");
      if (column === row.length - 1) return text;
      const length = [...text].length;
      const width = Math.min(
        Math.max(this.#widths[column] ?? 0, length),
        WIDTH_MAX,
      );
      this.#widths[column] = width;
      return text + " ".repeat(Math.max(width - length, 0) + PADDING);
    });
    return `${cells.join("").trimEnd()}\n`;
  }
}
