/** BLAKE3 as its paper defines it: a recursive tree over chunks. */

const CHUNK_START = 1;
const CHUNK_END = 2;
const PARENT = 4;
const ROOT = 8;

const IV = [
  ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a],
  ...[0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
];
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
/** The columns, then the diagonals. */
const QUARTERS = [
  ...[[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]],
  ...[[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]],
] as [number, number, number, number][];

/** What one compression takes. */
interface Block {
  readonly bytes: Uint8Array;
  readonly counter: number;
  readonly flags: number;
}

function rotr(x: number, n: number): number {
  return x >>> n | x << (32 - n);
}

function words(bytes: Uint8Array): number[] {
  const padded = new Uint8Array(64);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  return Array.from({ length: 16 }, (_, i) => view.getUint32(4 * i, true));
}

function compress(cv: readonly number[], block: Block): number[] {
  let m = words(block.bytes);
  const v = [
    ...cv,
    ...IV.slice(0, 4),
    block.counter >>> 0,
    Math.floor(block.counter / 2 ** 32),
    block.bytes.length,
    block.flags,
  ];
  for (let round = 0; round < 7; round++) {
    QUARTERS.forEach(([a, b, c, d], i) => {
      const halves = [[m[2 * i]!, 16, 12], [m[2 * i + 1]!, 8, 7]] as const;
      for (const [word, first, second] of halves) {
        v[a] = (v[a]! + v[b]! + word) | 0;
        v[d] = rotr(v[d]! ^ v[a]!, first);
        v[c] = (v[c]! + v[d]!) | 0;
        v[b] = rotr(v[b]! ^ v[c]!, second);
      }
    });
    m = PERMUTATION.map((from) => m[from]!);
  }
  return cv.map((_, i) => v[i]! ^ v[i + 8]!);
}

function chunk(bytes: Uint8Array, counter: number, root: number): number[] {
  const blocks = Math.max(1, Math.ceil(bytes.length / 64));
  let cv: number[] = IV;
  for (let i = 0; i < blocks; i++) {
    const last = i === blocks - 1;
    cv = compress(cv, {
      bytes: bytes.subarray(64 * i, 64 * (i + 1)),
      counter,
      flags: (i === 0 ? CHUNK_START : 0) | (last ? CHUNK_END | root : 0),
    });
  }
  return cv;
}

/** The left child covers the largest power of two of chunks that leaves some. */
function subtree(bytes: Uint8Array, counter: number, root: number): number[] {
  if (bytes.length <= 1024) return chunk(bytes, counter, root);
  let left = 1024;
  while (left * 2 < bytes.length) left *= 2;
  return compress(IV, {
    bytes: digestOf([
      ...subtree(bytes.subarray(0, left), counter, 0),
      ...subtree(bytes.subarray(left), counter + left / 1024, 0),
    ]),
    counter: 0,
    flags: PARENT | root,
  });
}

function digestOf(cv: readonly number[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(4 * cv.length));
  cv.forEach((word, i) => view.setUint32(4 * i, word, true));
  return new Uint8Array(view.buffer);
}

export function blake3(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return digestOf(subtree(message, 0, ROOT));
}
