/** Durations as the seed era writes them: `1h30m`, `8760h`, `1.5s`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

// Escaped: one character beyond Latin-1 and V8 keeps a bundle at two bytes each.
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;

/** Milliseconds; undefined when `text` is no duration. */
export function parseDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  if (text.length > 64) return undefined;
  const sign = text.startsWith("-") ? -1 : 1;
  PART.lastIndex = /^[-+]/.test(text) ? 1 : 0;
  let totalMs = 0;
  let parts = 0;
  while (PART.lastIndex < text.length) {
    const match = PART.exec(text);
    if (match === null) return undefined;
    totalMs += Number(match[1]) * UNIT_MS[match[2]!]!;
    parts++;
  }
  return parts === 0 ? undefined : sign * totalMs;
}
