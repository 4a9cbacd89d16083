/** Sizes for people. Pure. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/** `0 B`, `999 B`, `1.5 kB`, `83 MB`: one digit after the point below ten. */
export function formatBytes(bytes: bigint | number): string {
  const value = Number(bytes);
  if (value < 10) return `${value} B`;
  const exponent = Math.min(
    Math.floor(Math.log(value) / Math.log(1000)),
    UNITS.length - 1,
  );
  const scaled = Math.floor(value / 1000 ** exponent * 10 + 0.5) / 10;
  return `${scaled < 10 ? scaled.toFixed(1) : scaled.toFixed(0)} ${
    UNITS[exponent]
  }`;
}

/** Bytes in units of 1e9, two decimals. */
export function gigabytes(bytes: bigint): string {
  return (Number(bytes) * 1e-9).toFixed(2);
}
