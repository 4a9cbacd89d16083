/** What the tests of the decompressors compress and change. */

/** Numbers that are the same in every run. */
export function dice(seed: number) {
  let x = seed | 1;
  return (sides: number): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % sides;
  };
}

/** Bytes of several kinds: noise, runs, words, far repeats. */
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
