/** The table of contents that `deno task image` prints. */
import type { Staged } from "./stage.ts";

/** One row. */
export interface Line {
  readonly path: string;
  readonly mode: string;
  readonly sizeBytes: number;
  readonly from: string;
}

/** The row of a staged entry. */
export function lineOf({ entry, sizeBytes }: Staged): Line {
  const { path } = entry;
  if (entry.kind === "symlink") {
    return { path, mode: "link", sizeBytes, from: `-> ${entry.target}` };
  }
  const mode = entry.mode.toString(8).padStart(4, "0");
  if (entry.kind === "dir") {
    return { path: `${path}/`, mode, sizeBytes, from: "" };
  }
  const { source } = entry;
  const from = "text" in source
    ? "text"
    : "bundle" in source
    ? source.bundle
    : "checkout" in source
    ? source.checkout
    : "moduleCache" in source
    ? `analysis of ${source.moduleCache}`
    : source.part;
  return { path, mode, sizeBytes, from };
}

/** All rows, sorted by path, and the totals. */
export function renderTable(
  lines: readonly Line[],
  imageBytes: number,
): string {
  const sorted = [...lines].sort((a, b) => a.path < b.path ? -1 : 1);
  const width = Math.max(4, ...sorted.map((line) => line.path.length));
  const rows = sorted.map((line) => {
    const size = line.sizeBytes === 0 ? "" : String(line.sizeBytes);
    const path = line.path.padEnd(width);
    return `${path}  ${line.mode}  ${size.padStart(9)}  ${line.from}`.trimEnd();
  });
  const raw = lines.reduce((sum, line) => sum + line.sizeBytes, 0);
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    `${"PATH".padEnd(width)}  MODE       SIZE  FROM`,
    ...rows,
    `${lines.length} entries, ${megabytes(raw)}; rootfs.sqsh ${
      megabytes(imageBytes)
    }`,
    "",
  ].join("\n");
}
