/**
 * Columns as Go's tabwriter aligns them: each cell but the last of a row is
 * padded to the widest cell of its column plus three spaces. Pure.
 */

const PADDING = 3;

/** Terminal escapes and line breaks of a peer must not reach the terminal. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

/** Cells beyond this are not measured: one long cell would push all others. */
function widthOf(cell: string): number {
  return [...cell].length;
}

/**
 * Rows to text, one line each, no space at the end of a line. The last cell
 * of a row never widens its column.
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map((c) => c.replace(CONTROL, " ")));
  const widths: number[] = [];
  for (const row of clean) {
    row.slice(0, -1).forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  return clean.map((row) => {
    const line = row.map((cell, column) =>
      column === row.length - 1
        ? cell
        : cell + " ".repeat(widths[column]! - widthOf(cell) + PADDING)
    ).join("");
    return `${line.trimEnd()}\n`;
  }).join("");
}

/** A table with a header row; without rows only the header is printed. */
export function withHeader(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return formatTable([header, ...rows]);
}
