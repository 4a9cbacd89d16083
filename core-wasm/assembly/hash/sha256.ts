/**
 * SHA-256 (FIPS 180-4) of one stream, scalar: the schedule in v128 measured
 * 0.8 of this. All rounds are written out, with what does not wait for the
 * round before added first (1.1 of a loop over a table).
 *
 * State, 128 bytes:
 *
 *   0        32         96       104
 *   | h[0..8] | block 64 | length |
 */

/** Round constants, also used by sha256x4.ts. */
export const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
  0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
  0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
  0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
  0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
  0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], 16);

export const STATE_SIZE: u32 = 104;
export const STATE: usize = memory.data(104, 16);
const BLOCK: usize = STATE + 32;
const LENGTH: usize = STATE + 96;

// @ts-ignore: decorator
@inline
function S0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22);
}

// @ts-ignore: decorator
@inline
function S1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25);
}

// @ts-ignore: decorator
@inline
function ch(e: u32, f: u32, g: u32): u32 {
  return g ^ (e & (f ^ g));
}

// @ts-ignore: decorator
@inline
export function rotr4(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}

// @ts-ignore: decorator
@inline
export function s0x4(x: v128): v128 {
  return v128.xor(
    v128.xor(rotr4(x, 7), rotr4(x, 18)),
    i32x4.shr_u(x, 3),
  );
}

// @ts-ignore: decorator
@inline
export function s1x4(x: v128): v128 {
  return v128.xor(
    v128.xor(rotr4(x, 17), rotr4(x, 19)),
    i32x4.shr_u(x, 10),
  );
}

/** Four big-endian words at `at`. */
// @ts-ignore: decorator
@inline
export function load4(at: usize): v128 {
  const x = v128.load(at);
  return i8x16.shuffle(
    x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,
  );
}

// @ts-ignore: decorator
@inline
function g0(x: u32): u32 {
  return rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3);
}

// @ts-ignore: decorator
@inline
function g1(x: u32): u32 {
  return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10);
}

/** Takes in the 64 bytes at `at`. */
function compress(at: usize): void {
  let a = load<u32>(STATE), b = load<u32>(STATE, 4);
  let c = load<u32>(STATE, 8), d = load<u32>(STATE, 12);
  let e = load<u32>(STATE, 16), f = load<u32>(STATE, 20);
  let g = load<u32>(STATE, 24), h = load<u32>(STATE, 28);
  let w0 = bswap<u32>(load<u32>(at, 0));
  h = (h + (0x428a2f98 + w0)) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  let w1 = bswap<u32>(load<u32>(at, 4));
  g = (g + (0x71374491 + w1)) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  let w2 = bswap<u32>(load<u32>(at, 8));
  f = (f + (0xb5c0fbcf + w2)) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  let w3 = bswap<u32>(load<u32>(at, 12));
  e = (e + (0xe9b5dba5 + w3)) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  let w4 = bswap<u32>(load<u32>(at, 16));
  d = (d + (0x3956c25b + w4)) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  let w5 = bswap<u32>(load<u32>(at, 20));
  c = (c + (0x59f111f1 + w5)) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  let w6 = bswap<u32>(load<u32>(at, 24));
  b = (b + (0x923f82a4 + w6)) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  let w7 = bswap<u32>(load<u32>(at, 28));
  a = (a + (0xab1c5ed5 + w7)) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  let w8 = bswap<u32>(load<u32>(at, 32));
  h = (h + (0xd807aa98 + w8)) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  let w9 = bswap<u32>(load<u32>(at, 36));
  g = (g + (0x12835b01 + w9)) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  let w10 = bswap<u32>(load<u32>(at, 40));
  f = (f + (0x243185be + w10)) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  let w11 = bswap<u32>(load<u32>(at, 44));
  e = (e + (0x550c7dc3 + w11)) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  let w12 = bswap<u32>(load<u32>(at, 48));
  d = (d + (0x72be5d74 + w12)) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  let w13 = bswap<u32>(load<u32>(at, 52));
  c = (c + (0x80deb1fe + w13)) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  let w14 = bswap<u32>(load<u32>(at, 56));
  b = (b + (0x9bdc06a7 + w14)) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  let w15 = bswap<u32>(load<u32>(at, 60));
  a = (a + (0xc19bf174 + w15)) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  w0 += g0(w1) + w9 + g1(w14);
  h = (h + (0xe49b69c1 + w0)) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  w1 += g0(w2) + w10 + g1(w15);
  g = (g + (0xefbe4786 + w1)) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  w2 += g0(w3) + w11 + g1(w0);
  f = (f + (0x0fc19dc6 + w2)) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  w3 += g0(w4) + w12 + g1(w1);
  e = (e + (0x240ca1cc + w3)) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  w4 += g0(w5) + w13 + g1(w2);
  d = (d + (0x2de92c6f + w4)) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  w5 += g0(w6) + w14 + g1(w3);
  c = (c + (0x4a7484aa + w5)) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  w6 += g0(w7) + w15 + g1(w4);
  b = (b + (0x5cb0a9dc + w6)) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  w7 += g0(w8) + w0 + g1(w5);
  a = (a + (0x76f988da + w7)) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  w8 += g0(w9) + w1 + g1(w6);
  h = (h + (0x983e5152 + w8)) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  w9 += g0(w10) + w2 + g1(w7);
  g = (g + (0xa831c66d + w9)) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  w10 += g0(w11) + w3 + g1(w8);
  f = (f + (0xb00327c8 + w10)) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  w11 += g0(w12) + w4 + g1(w9);
  e = (e + (0xbf597fc7 + w11)) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  w12 += g0(w13) + w5 + g1(w10);
  d = (d + (0xc6e00bf3 + w12)) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  w13 += g0(w14) + w6 + g1(w11);
  c = (c + (0xd5a79147 + w13)) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  w14 += g0(w15) + w7 + g1(w12);
  b = (b + (0x06ca6351 + w14)) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  w15 += g0(w0) + w8 + g1(w13);
  a = (a + (0x14292967 + w15)) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  w0 += g0(w1) + w9 + g1(w14);
  h = (h + (0x27b70a85 + w0)) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  w1 += g0(w2) + w10 + g1(w15);
  g = (g + (0x2e1b2138 + w1)) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  w2 += g0(w3) + w11 + g1(w0);
  f = (f + (0x4d2c6dfc + w2)) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  w3 += g0(w4) + w12 + g1(w1);
  e = (e + (0x53380d13 + w3)) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  w4 += g0(w5) + w13 + g1(w2);
  d = (d + (0x650a7354 + w4)) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  w5 += g0(w6) + w14 + g1(w3);
  c = (c + (0x766a0abb + w5)) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  w6 += g0(w7) + w15 + g1(w4);
  b = (b + (0x81c2c92e + w6)) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  w7 += g0(w8) + w0 + g1(w5);
  a = (a + (0x92722c85 + w7)) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  w8 += g0(w9) + w1 + g1(w6);
  h = (h + (0xa2bfe8a1 + w8)) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  w9 += g0(w10) + w2 + g1(w7);
  g = (g + (0xa81a664b + w9)) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  w10 += g0(w11) + w3 + g1(w8);
  f = (f + (0xc24b8b70 + w10)) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  w11 += g0(w12) + w4 + g1(w9);
  e = (e + (0xc76c51a3 + w11)) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  w12 += g0(w13) + w5 + g1(w10);
  d = (d + (0xd192e819 + w12)) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  w13 += g0(w14) + w6 + g1(w11);
  c = (c + (0xd6990624 + w13)) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  w14 += g0(w15) + w7 + g1(w12);
  b = (b + (0xf40e3585 + w14)) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  w15 += g0(w0) + w8 + g1(w13);
  a = (a + (0x106aa070 + w15)) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  w0 += g0(w1) + w9 + g1(w14);
  h = (h + (0x19a4c116 + w0)) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  w1 += g0(w2) + w10 + g1(w15);
  g = (g + (0x1e376c08 + w1)) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  w2 += g0(w3) + w11 + g1(w0);
  f = (f + (0x2748774c + w2)) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  w3 += g0(w4) + w12 + g1(w1);
  e = (e + (0x34b0bcb5 + w3)) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  w4 += g0(w5) + w13 + g1(w2);
  d = (d + (0x391c0cb3 + w4)) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  w5 += g0(w6) + w14 + g1(w3);
  c = (c + (0x4ed8aa4a + w5)) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  w6 += g0(w7) + w15 + g1(w4);
  b = (b + (0x5b9cca4f + w6)) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  w7 += g0(w8) + w0 + g1(w5);
  a = (a + (0x682e6ff3 + w7)) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  w8 += g0(w9) + w1 + g1(w6);
  h = (h + (0x748f82ee + w8)) + ch(e, f, g) + S1(e);
  d += h;
  h = (h + ((a & b) ^ (c & (a ^ b)))) + S0(a);
  w9 += g0(w10) + w2 + g1(w7);
  g = (g + (0x78a5636f + w9)) + ch(d, e, f) + S1(d);
  c += g;
  g = (g + ((h & a) ^ (b & (h ^ a)))) + S0(h);
  w10 += g0(w11) + w3 + g1(w8);
  f = (f + (0x84c87814 + w10)) + ch(c, d, e) + S1(c);
  b += f;
  f = (f + ((g & h) ^ (a & (g ^ h)))) + S0(g);
  w11 += g0(w12) + w4 + g1(w9);
  e = (e + (0x8cc70208 + w11)) + ch(b, c, d) + S1(b);
  a += e;
  e = (e + ((f & g) ^ (h & (f ^ g)))) + S0(f);
  w12 += g0(w13) + w5 + g1(w10);
  d = (d + (0x90befffa + w12)) + ch(a, b, c) + S1(a);
  h += d;
  d = (d + ((e & f) ^ (g & (e ^ f)))) + S0(e);
  w13 += g0(w14) + w6 + g1(w11);
  c = (c + (0xa4506ceb + w13)) + ch(h, a, b) + S1(h);
  g += c;
  c = (c + ((d & e) ^ (f & (d ^ e)))) + S0(d);
  w14 += g0(w15) + w7 + g1(w12);
  b = (b + (0xbef9a3f7 + w14)) + ch(g, h, a) + S1(g);
  f += b;
  b = (b + ((c & d) ^ (e & (c ^ d)))) + S0(c);
  w15 += g0(w0) + w8 + g1(w13);
  a = (a + (0xc67178f2 + w15)) + ch(f, g, h) + S1(f);
  e += a;
  a = (a + ((b & c) ^ (d & (b ^ c)))) + S0(b);
  store<u32>(STATE, load<u32>(STATE) + a);
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4);
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8);
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12);
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16);
  store<u32>(STATE, load<u32>(STATE, 20) + f, 20);
  store<u32>(STATE, load<u32>(STATE, 24) + g, 24);
  store<u32>(STATE, load<u32>(STATE, 28) + h, 28);
}

export function init(): void {
  store<u32>(STATE, 0x6a09e667);
  store<u32>(STATE, 0xbb67ae85, 4);
  store<u32>(STATE, 0x3c6ef372, 8);
  store<u32>(STATE, 0xa54ff53a, 12);
  store<u32>(STATE, 0x510e527f, 16);
  store<u32>(STATE, 0x9b05688c, 20);
  store<u32>(STATE, 0x1f83d9ab, 24);
  store<u32>(STATE, 0x5be0cd19, 28);
  store<u64>(LENGTH, 0);
}

export function update(at: usize, size: u32): void {
  const held = <u32>load<u64>(LENGTH) & 63;
  store<u64>(LENGTH, load<u64>(LENGTH) + size);
  const end = at + size;
  if (held > 0) {
    const take = min<u32>(64 - held, size);
    memory.copy(BLOCK + held, at, take);
    at += take;
    if (held + take < 64) return;
    compress(BLOCK);
  }
  for (; at + 64 <= end; at += 64) compress(at);
  memory.copy(BLOCK, at, end - at);
}

/** Writes 32 bytes to `out`. */
export function final(out: usize): u32 {
  const length = load<u64>(LENGTH);
  let held = <u32>length & 63;
  store<u8>(BLOCK + held++, 0x80);
  if (held > 56) {
    memory.fill(BLOCK + held, 0, 64 - held);
    compress(BLOCK);
    held = 0;
  }
  memory.fill(BLOCK + held, 0, 56 - held);
  store<u64>(BLOCK, bswap<u64>(length << 3), 56);
  compress(BLOCK);
  v128.store(out, load4(STATE));
  v128.store(out, load4(STATE + 16), 16);
  return 32;
}
