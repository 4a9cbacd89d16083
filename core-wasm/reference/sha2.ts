/** SHA-256 and SHA-512 (FIPS 180-4), as the standard writes them, on BigInt. */

/** What differs between the two. */
interface Variant {
  readonly wordBits: 32 | 64;
  readonly rounds: number;
  /** Rotations of S0, S1 and rotations, then shift, of s0, s1. */
  readonly S0: readonly [number, number, number];
  readonly S1: readonly [number, number, number];
  readonly s0: readonly [number, number, number];
  readonly s1: readonly [number, number, number];
}

const SHA256: Variant = {
  wordBits: 32,
  rounds: 64,
  S0: [2, 13, 22],
  S1: [6, 11, 25],
  s0: [7, 18, 3],
  s1: [17, 19, 10],
};

const SHA512: Variant = {
  wordBits: 64,
  rounds: 80,
  S0: [28, 34, 39],
  S1: [14, 18, 41],
  s0: [1, 8, 7],
  s1: [19, 61, 6],
};

function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) {
    if (found.every((p) => n % p !== 0n)) found.push(n);
  }
  return found;
}

/** The first `bits` bits of the fraction of the `k`-th root of `n`. */
function rootFraction(n: bigint, k: number, bits: number): bigint {
  const scaled = n << BigInt(bits * k);
  let low = 0n;
  let high = 1n << BigInt(bits + 16);
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** BigInt(k) <= scaled) low = middle;
    else high = middle - 1n;
  }
  return BigInt.asUintN(bits, low);
}

function sha2(variant: Variant, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const { wordBits, rounds } = variant;
  const wordBytes = wordBits / 8;
  const word = (x: bigint) => BigInt.asUintN(wordBits, x);
  const rotr = (x: bigint, n: number) =>
    word((x >> BigInt(n)) | (x << BigInt(wordBits - n)));
  const S = (x: bigint, [a, b, c]: Variant["S0"]) =>
    rotr(x, a) ^ rotr(x, b) ^ rotr(x, c);
  const s = (x: bigint, [a, b, shift]: Variant["s0"]) =>
    rotr(x, a) ^ rotr(x, b) ^ (x >> BigInt(shift));

  const K = primes(rounds).map((p) => rootFraction(p, 3, wordBits));
  const H = primes(8).map((p) => rootFraction(p, 2, wordBits));
  const blockSize = 16 * wordBytes;
  const words = toWords(pad(message, blockSize), wordBytes);
  for (let at = 0; at < words.length; at += 16) {
    const W = words.slice(at, at + 16);
    for (let t = 16; t < rounds; t++) {
      W.push(
        word(
          s(W[t - 2]!, variant.s1) + W[t - 7]! + s(W[t - 15]!, variant.s0) +
            W[t - 16]!,
        ),
      );
    }
    let [a, b, c, d, e, f, g, h] = H as [
      ...[bigint, bigint, bigint, bigint],
      ...[bigint, bigint, bigint, bigint],
    ];
    for (let t = 0; t < rounds; t++) {
      const t1 = h + S(e, variant.S1) + ((e & f) ^ (~e & g)) + K[t]! + W[t]!;
      const t2 = S(a, variant.S0) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [
        g,
        f,
        e,
        word(d + t1),
        c,
        b,
        a,
        word(t1 + t2),
      ];
    }
    [a, b, c, d, e, f, g, h].forEach((x, i) => H[i] = word(H[i]! + x));
  }
  const digest = new Uint8Array(8 * wordBytes);
  digest.forEach((_, i) => {
    const shift = BigInt(wordBits - 8 - 8 * (i % wordBytes));
    digest[i] = Number((H[Math.floor(i / wordBytes)]! >> shift) & 255n);
  });
  return digest;
}

/** The message, 0x80, zeros, and its length in bits. */
function pad(message: Uint8Array, blockSize: number): Uint8Array {
  const blocks = Math.ceil((message.length + 1 + blockSize / 8) / blockSize);
  const padded = new Uint8Array(blocks * blockSize);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  return padded;
}

function toWords(bytes: Uint8Array, wordBytes: number): bigint[] {
  const words: bigint[] = [];
  for (let at = 0; at < bytes.length; at += wordBytes) {
    let x = 0n;
    for (let i = 0; i < wordBytes; i++) x = x << 8n | BigInt(bytes[at + i]!);
    words.push(x);
  }
  return words;
}

/** 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha2(SHA256, message);
}

/** 64 bytes. */
export function sha512(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha2(SHA512, message);
}
