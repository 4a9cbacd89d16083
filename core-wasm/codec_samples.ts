/** Bytes for the tests of decompressors; the same in every run. */

/** Numbers below `sides`. */
export function dice(seed: number): (sides: number) => number {
  let x = seed | 1;
  return (sides: number): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % sides;
  };
}

/** Bytes of four kinds: noise, runs, near and far repeats of words. */
export function sample(kind: number, size: number): Uint8Array<ArrayBuffer> {
  const roll = dice(kind * 65_537 + size + 1);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const run = 1 + roll(kind === 1 ? 400 : 40);
    if (kind > 1 && at > 0 && roll(3) > 0) {
      const from = at - 1 - roll(Math.min(at, kind === 2 ? 300 : 40_000));
      for (let i = 0; i < run && at < size; i++) bytes[at++] = bytes[from + i]!;
    } else {
      const value = roll(256);
      for (let i = 0; i < run && at < size; i++) {
        bytes[at++] = kind === 1 ? value : roll(kind === 0 ? 256 : 64);
      }
    }
  }
  return bytes;
}

/** Changes one to three bytes, more often near the start. */
export function mutate(
  bytes: Uint8Array,
  roll: (sides: number) => number,
): void {
  for (let i = roll(3); i >= 0; i--) {
    const at = roll(3) === 0
      ? roll(Math.min(24, bytes.length))
      : roll(bytes.length);
    bytes[at] = [0, 1, 0x7f, 0x80, 0xff, bytes[at]! ^ 1 << roll(8)][roll(6)]!;
  }
}

/**
 * The first frame of `bytes`, by the sizes of its blocks: node:zlib of Deno
 * 2.9.6 sometimes writes an empty second one.
 */
export function zstdFrame(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const flags = bytes[4]!;
  const single = flags >> 5 & 1;
  let at = 6 - single + (flags >> 6 === 0 ? single : 1 << (flags >> 6));
  for (let last = 0; last === 0;) {
    const head = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16;
    last = head & 1;
    at += 3 + ((head >> 1 & 3) === 1 ? 1 : head >> 3);
  }
  return bytes.slice(0, at + (flags & 4));
}
