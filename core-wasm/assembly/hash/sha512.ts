/**
 * SHA-512 (FIPS 180-4) of one stream.
 *
 * State, 208 bytes:
 *
 *   0        64          192      200
 *   | h[0..8] | block 128 | length |
 */

const K: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd,
  0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019,
  0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe,
  0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1,
  0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
  0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483,
  0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210,
  0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725,
  0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926,
  0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8,
  0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001,
  0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910,
  0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
  0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
  0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60,
  0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9,
  0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207,
  0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6,
  0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493,
  0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
  0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
], 16);

export const STATE_SIZE: u32 = 200;
export const STATE: usize = memory.data(200, 16);
const BLOCK: usize = STATE + 64;
const LENGTH: usize = STATE + 192;
/** The last sixteen words of the schedule. */
const W: usize = memory.data(128, 16);

// @ts-ignore: decorator
@inline
function S0(x: u64): u64 {
  return rotr<u64>(x, 28) ^ rotr<u64>(x, 34) ^ rotr<u64>(x, 39);
}

// @ts-ignore: decorator
@inline
function S1(x: u64): u64 {
  return rotr<u64>(x, 14) ^ rotr<u64>(x, 18) ^ rotr<u64>(x, 41);
}

// @ts-ignore: decorator
@inline
function ch(e: u64, f: u64, g: u64): u64 {
  return g ^ (e & (f ^ g));
}

// @ts-ignore: decorator
@inline
function g0(x: u64): u64 {
  return rotr<u64>(x, 1) ^ rotr<u64>(x, 8) ^ (x >> 7);
}

// @ts-ignore: decorator
@inline
function g1(x: u64): u64 {
  return rotr<u64>(x, 19) ^ rotr<u64>(x, 61) ^ (x >> 6);
}

/** Word t of the first sixteen, kept for the rest. */
// @ts-ignore: decorator
@inline
function first(at: usize, t: usize): u64 {
  const word = bswap<u64>(load<u64>(at + t));
  store<u64>(W + t, word);
  return word;
}

/** Word t from those 16, 15, 7 and 2 before it, whose place it takes. */
// @ts-ignore: decorator
@inline
function next(t: usize, t15: usize, t7: usize, t2: usize): u64 {
  const word = load<u64>(W + t) + g0(load<u64>(W + t15)) +
    load<u64>(W + t7) + g1(load<u64>(W + t2));
  store<u64>(W + t, word);
  return word;
}

/** Takes in the 128 bytes at `at`. */
function compress(at: usize): void {
  let a = load<u64>(STATE), b = load<u64>(STATE, 8);
  let c = load<u64>(STATE, 16), d = load<u64>(STATE, 24);
  let e = load<u64>(STATE, 32), f = load<u64>(STATE, 40);
  let g = load<u64>(STATE, 48), h = load<u64>(STATE, 56);
  h = (h + (load<u64>(K, 0) + first(at, 0))) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  g = (g + (load<u64>(K, 8) + first(at, 8))) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  f = (f + (load<u64>(K, 16) + first(at, 16))) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  e = (e + (load<u64>(K, 24) + first(at, 24))) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  d = (d + (load<u64>(K, 32) + first(at, 32))) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  c = (c + (load<u64>(K, 40) + first(at, 40))) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  b = (b + (load<u64>(K, 48) + first(at, 48))) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  a = (a + (load<u64>(K, 56) + first(at, 56))) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  h = (h + (load<u64>(K, 64) + first(at, 64))) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  g = (g + (load<u64>(K, 72) + first(at, 72))) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  f = (f + (load<u64>(K, 80) + first(at, 80))) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  e = (e + (load<u64>(K, 88) + first(at, 88))) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  d = (d + (load<u64>(K, 96) + first(at, 96))) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  c = (c + (load<u64>(K, 104) + first(at, 104))) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  b = (b + (load<u64>(K, 112) + first(at, 112))) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  a = (a + (load<u64>(K, 120) + first(at, 120))) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  for (let k: usize = K + 128; k < K + 640; k += 128) {
    h = (h + (load<u64>(k, 0) + next(0, 8, 72, 112))) + ch(e, f, g) + S1(e);
    d += h;
    h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
    g = (g + (load<u64>(k, 8) + next(8, 16, 80, 120))) + ch(d, e, f) + S1(d);
    c += g;
    g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
    f = (f + (load<u64>(k, 16) + next(16, 24, 88, 0))) + ch(c, d, e) + S1(c);
    b += f;
    f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
    e = (e + (load<u64>(k, 24) + next(24, 32, 96, 8))) + ch(b, c, d) + S1(b);
    a += e;
    e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
    d = (d + (load<u64>(k, 32) + next(32, 40, 104, 16))) + ch(a, b, c) + S1(a);
    h += d;
    d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
    c = (c + (load<u64>(k, 40) + next(40, 48, 112, 24))) + ch(h, a, b) + S1(h);
    g += c;
    c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
    b = (b + (load<u64>(k, 48) + next(48, 56, 120, 32))) + ch(g, h, a) + S1(g);
    f += b;
    b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
    a = (a + (load<u64>(k, 56) + next(56, 64, 0, 40))) + ch(f, g, h) + S1(f);
    e += a;
    a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
    h = (h + (load<u64>(k, 64) + next(64, 72, 8, 48))) + ch(e, f, g) + S1(e);
    d += h;
    h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
    g = (g + (load<u64>(k, 72) + next(72, 80, 16, 56))) + ch(d, e, f) + S1(d);
    c += g;
    g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
    f = (f + (load<u64>(k, 80) + next(80, 88, 24, 64))) + ch(c, d, e) + S1(c);
    b += f;
    f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
    e = (e + (load<u64>(k, 88) + next(88, 96, 32, 72))) + ch(b, c, d) + S1(b);
    a += e;
    e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
    d = (d + (load<u64>(k, 96) + next(96, 104, 40, 80))) + ch(a, b, c) + S1(a);
    h += d;
    d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
    c = (c + (load<u64>(k, 104) + next(104, 112, 48, 88))) + ch(h, a, b) + S1(h);
    g += c;
    c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
    b = (b + (load<u64>(k, 112) + next(112, 120, 56, 96))) + ch(g, h, a) + S1(g);
    f += b;
    b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
    a = (a + (load<u64>(k, 120) + next(120, 0, 64, 104))) + ch(f, g, h) + S1(f);
    e += a;
    a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  }
  store<u64>(STATE, load<u64>(STATE) + a);
  store<u64>(STATE, load<u64>(STATE, 8) + b, 8);
  store<u64>(STATE, load<u64>(STATE, 16) + c, 16);
  store<u64>(STATE, load<u64>(STATE, 24) + d, 24);
  store<u64>(STATE, load<u64>(STATE, 32) + e, 32);
  store<u64>(STATE, load<u64>(STATE, 40) + f, 40);
  store<u64>(STATE, load<u64>(STATE, 48) + g, 48);
  store<u64>(STATE, load<u64>(STATE, 56) + h, 56);
}

export function init(): void {
  store<u64>(STATE, 0x6a09e667f3bcc908);
  store<u64>(STATE, 0xbb67ae8584caa73b, 8);
  store<u64>(STATE, 0x3c6ef372fe94f82b, 16);
  store<u64>(STATE, 0xa54ff53a5f1d36f1, 24);
  store<u64>(STATE, 0x510e527fade682d1, 32);
  store<u64>(STATE, 0x9b05688c2b3e6c1f, 40);
  store<u64>(STATE, 0x1f83d9abfb41bd6b, 48);
  store<u64>(STATE, 0x5be0cd19137e2179, 56);
  store<u64>(LENGTH, 0);
}

export function update(at: usize, size: u32): void {
  const held = <u32>load<u64>(LENGTH) & 127;
  store<u64>(LENGTH, load<u64>(LENGTH) + size);
  const end = at + size;
  if (held > 0) {
    const take = min<u32>(128 - held, size);
    memory.copy(BLOCK + held, at, take);
    at += take;
    if (held + take < 128) return;
    compress(BLOCK);
  }
  for (; at + 128 <= end; at += 128) compress(at);
  memory.copy(BLOCK, at, end - at);
}

/** Writes 64 bytes to `out`. */
export function final(out: usize): u32 {
  const length = load<u64>(LENGTH);
  let held = <u32>length & 127;
  store<u8>(BLOCK + held++, 0x80);
  if (held > 112) {
    memory.fill(BLOCK + held, 0, 128 - held);
    compress(BLOCK);
    held = 0;
  }
  memory.fill(BLOCK + held, 0, 120 - held);
  store<u64>(BLOCK, bswap<u64>(length << 3), 120);
  compress(BLOCK);
  for (let i: usize = 0; i < 64; i += 8) {
    store<u64>(out + i, bswap<u64>(load<u64>(STATE + i)));
  }
  return 64;
}
