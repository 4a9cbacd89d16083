/**
 * SHA-256 of four messages of equal size at once, one in each lane of a v128:
 * the case of dm-verity, where every block is hashed by itself after the same
 * salt. The state of each lane starts from that of sha256.ts, which has taken
 * in the whole 64-byte pieces of the salt.
 *
 *   message = salt | block          (format version 1)
 *             ^ midstate covers floor(salt / 64) pieces
 */
import { K, load4, s0x4, s1x4, STATE, rotr4 } from "./sha256";

/** h[0..8] of four lanes: eight vectors. */
const STATE4: usize = memory.data(128, 16);
/** The last sixteen words of the schedule, of four lanes. */
const W: usize = memory.data(256, 16);
/** First or last piece of each lane, when it is not in the block itself. */
const EDGE: usize = memory.data(512, 16);
const LANE: usize = 128;

// @ts-ignore: decorator
@inline
function add(x: v128, y: v128): v128 {
  return i32x4.add(x, y);
}

// @ts-ignore: decorator
@inline
function S0(x: v128): v128 {
  return v128.xor(v128.xor(rotr4(x, 2), rotr4(x, 13)), rotr4(x, 22));
}

// @ts-ignore: decorator
@inline
function S1(x: v128): v128 {
  return v128.xor(v128.xor(rotr4(x, 6), rotr4(x, 11)), rotr4(x, 25));
}

// @ts-ignore: decorator
@inline
function ch(e: v128, f: v128, g: v128): v128 {
  return v128.xor(g, v128.and(e, v128.xor(f, g)));
}

/** Four words of four lanes, turned: vector t holds word t of every lane. */
// @ts-ignore: decorator
@inline
function turn(out: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const CD = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<u64>(ab, cd, 0, 2));
  v128.store(out, v128.shuffle<u64>(ab, cd, 1, 3), 16);
  v128.store(out, v128.shuffle<u64>(AB, CD, 0, 2), 32);
  v128.store(out, v128.shuffle<u64>(AB, CD, 1, 3), 48);
}

/** The sixteen words of a block of each lane, to W. */
function takeWords(at: usize, stride: usize): void {
  const at1 = at + stride, at2 = at1 + stride, at3 = at2 + stride;
  for (let i: usize = 0; i < 64; i += 16) {
    turn(
      W + (i << 2),
      load4(at + i),
      load4(at1 + i),
      load4(at2 + i),
      load4(at3 + i),
    );
  }
}

/** Word t from those 16, 15, 7 and 2 before it, whose place it takes. */
// @ts-ignore: decorator
@inline
function next(t: usize, t15: usize, t7: usize, t2: usize): v128 {
  const word = add(
    add(v128.load(W + t), v128.load(W + t7)),
    add(s0x4(v128.load(W + t15)), s1x4(v128.load(W + t2))),
  );
  v128.store(W + t, word);
  return word;
}

/** Takes in 64 bytes of each lane; lane n's are at `at + n * stride`. */
function compress4(at: usize, stride: usize): void {
  takeWords(at, stride);
  let a = v128.load(STATE4, 0);
  let b = v128.load(STATE4, 16);
  let c = v128.load(STATE4, 32);
  let d = v128.load(STATE4, 48);
  let e = v128.load(STATE4, 64);
  let f = v128.load(STATE4, 80);
  let g = v128.load(STATE4, 96);
  let h = v128.load(STATE4, 112);
  let x = b, y = v128.xor(b, c);
  h = add(add(add(h, add(v128.load(W, 0), v128.load32_splat(K, 0))), ch(e, f, g)), S1(e));
  d = add(d, h);
  x = v128.xor(a, b);
  h = add(add(h, v128.xor(v128.and(x, y), b)), S0(a));
  g = add(add(add(g, add(v128.load(W, 16), v128.load32_splat(K, 4))), ch(d, e, f)), S1(d));
  c = add(c, g);
  y = v128.xor(h, a);
  g = add(add(g, v128.xor(v128.and(y, x), a)), S0(h));
  f = add(add(add(f, add(v128.load(W, 32), v128.load32_splat(K, 8))), ch(c, d, e)), S1(c));
  b = add(b, f);
  x = v128.xor(g, h);
  f = add(add(f, v128.xor(v128.and(x, y), h)), S0(g));
  e = add(add(add(e, add(v128.load(W, 48), v128.load32_splat(K, 12))), ch(b, c, d)), S1(b));
  a = add(a, e);
  y = v128.xor(f, g);
  e = add(add(e, v128.xor(v128.and(y, x), g)), S0(f));
  d = add(add(add(d, add(v128.load(W, 64), v128.load32_splat(K, 16))), ch(a, b, c)), S1(a));
  h = add(h, d);
  x = v128.xor(e, f);
  d = add(add(d, v128.xor(v128.and(x, y), f)), S0(e));
  c = add(add(add(c, add(v128.load(W, 80), v128.load32_splat(K, 20))), ch(h, a, b)), S1(h));
  g = add(g, c);
  y = v128.xor(d, e);
  c = add(add(c, v128.xor(v128.and(y, x), e)), S0(d));
  b = add(add(add(b, add(v128.load(W, 96), v128.load32_splat(K, 24))), ch(g, h, a)), S1(g));
  f = add(f, b);
  x = v128.xor(c, d);
  b = add(add(b, v128.xor(v128.and(x, y), d)), S0(c));
  a = add(add(add(a, add(v128.load(W, 112), v128.load32_splat(K, 28))), ch(f, g, h)), S1(f));
  e = add(e, a);
  y = v128.xor(b, c);
  a = add(add(a, v128.xor(v128.and(y, x), c)), S0(b));
  h = add(add(add(h, add(v128.load(W, 128), v128.load32_splat(K, 32))), ch(e, f, g)), S1(e));
  d = add(d, h);
  x = v128.xor(a, b);
  h = add(add(h, v128.xor(v128.and(x, y), b)), S0(a));
  g = add(add(add(g, add(v128.load(W, 144), v128.load32_splat(K, 36))), ch(d, e, f)), S1(d));
  c = add(c, g);
  y = v128.xor(h, a);
  g = add(add(g, v128.xor(v128.and(y, x), a)), S0(h));
  f = add(add(add(f, add(v128.load(W, 160), v128.load32_splat(K, 40))), ch(c, d, e)), S1(c));
  b = add(b, f);
  x = v128.xor(g, h);
  f = add(add(f, v128.xor(v128.and(x, y), h)), S0(g));
  e = add(add(add(e, add(v128.load(W, 176), v128.load32_splat(K, 44))), ch(b, c, d)), S1(b));
  a = add(a, e);
  y = v128.xor(f, g);
  e = add(add(e, v128.xor(v128.and(y, x), g)), S0(f));
  d = add(add(add(d, add(v128.load(W, 192), v128.load32_splat(K, 48))), ch(a, b, c)), S1(a));
  h = add(h, d);
  x = v128.xor(e, f);
  d = add(add(d, v128.xor(v128.and(x, y), f)), S0(e));
  c = add(add(add(c, add(v128.load(W, 208), v128.load32_splat(K, 52))), ch(h, a, b)), S1(h));
  g = add(g, c);
  y = v128.xor(d, e);
  c = add(add(c, v128.xor(v128.and(y, x), e)), S0(d));
  b = add(add(add(b, add(v128.load(W, 224), v128.load32_splat(K, 56))), ch(g, h, a)), S1(g));
  f = add(f, b);
  x = v128.xor(c, d);
  b = add(add(b, v128.xor(v128.and(x, y), d)), S0(c));
  a = add(add(add(a, add(v128.load(W, 240), v128.load32_splat(K, 60))), ch(f, g, h)), S1(f));
  e = add(e, a);
  y = v128.xor(b, c);
  a = add(add(a, v128.xor(v128.and(y, x), c)), S0(b));
  for (let k: usize = K + 64; k < K + 256; k += 64) {
    const w0 = next(0, 16, 144, 224);
    h = add(add(add(h, add(w0, v128.load32_splat(k, 0))), ch(e, f, g)), S1(e));
    d = add(d, h);
    x = v128.xor(a, b);
    h = add(add(h, v128.xor(v128.and(x, y), b)), S0(a));
    const w1 = next(16, 32, 160, 240);
    g = add(add(add(g, add(w1, v128.load32_splat(k, 4))), ch(d, e, f)), S1(d));
    c = add(c, g);
    y = v128.xor(h, a);
    g = add(add(g, v128.xor(v128.and(y, x), a)), S0(h));
    const w2 = next(32, 48, 176, 0);
    f = add(add(add(f, add(w2, v128.load32_splat(k, 8))), ch(c, d, e)), S1(c));
    b = add(b, f);
    x = v128.xor(g, h);
    f = add(add(f, v128.xor(v128.and(x, y), h)), S0(g));
    const w3 = next(48, 64, 192, 16);
    e = add(add(add(e, add(w3, v128.load32_splat(k, 12))), ch(b, c, d)), S1(b));
    a = add(a, e);
    y = v128.xor(f, g);
    e = add(add(e, v128.xor(v128.and(y, x), g)), S0(f));
    const w4 = next(64, 80, 208, 32);
    d = add(add(add(d, add(w4, v128.load32_splat(k, 16))), ch(a, b, c)), S1(a));
    h = add(h, d);
    x = v128.xor(e, f);
    d = add(add(d, v128.xor(v128.and(x, y), f)), S0(e));
    const w5 = next(80, 96, 224, 48);
    c = add(add(add(c, add(w5, v128.load32_splat(k, 20))), ch(h, a, b)), S1(h));
    g = add(g, c);
    y = v128.xor(d, e);
    c = add(add(c, v128.xor(v128.and(y, x), e)), S0(d));
    const w6 = next(96, 112, 240, 64);
    b = add(add(add(b, add(w6, v128.load32_splat(k, 24))), ch(g, h, a)), S1(g));
    f = add(f, b);
    x = v128.xor(c, d);
    b = add(add(b, v128.xor(v128.and(x, y), d)), S0(c));
    const w7 = next(112, 128, 0, 80);
    a = add(add(add(a, add(w7, v128.load32_splat(k, 28))), ch(f, g, h)), S1(f));
    e = add(e, a);
    y = v128.xor(b, c);
    a = add(add(a, v128.xor(v128.and(y, x), c)), S0(b));
    const w8 = next(128, 144, 16, 96);
    h = add(add(add(h, add(w8, v128.load32_splat(k, 32))), ch(e, f, g)), S1(e));
    d = add(d, h);
    x = v128.xor(a, b);
    h = add(add(h, v128.xor(v128.and(x, y), b)), S0(a));
    const w9 = next(144, 160, 32, 112);
    g = add(add(add(g, add(w9, v128.load32_splat(k, 36))), ch(d, e, f)), S1(d));
    c = add(c, g);
    y = v128.xor(h, a);
    g = add(add(g, v128.xor(v128.and(y, x), a)), S0(h));
    const w10 = next(160, 176, 48, 128);
    f = add(add(add(f, add(w10, v128.load32_splat(k, 40))), ch(c, d, e)), S1(c));
    b = add(b, f);
    x = v128.xor(g, h);
    f = add(add(f, v128.xor(v128.and(x, y), h)), S0(g));
    const w11 = next(176, 192, 64, 144);
    e = add(add(add(e, add(w11, v128.load32_splat(k, 44))), ch(b, c, d)), S1(b));
    a = add(a, e);
    y = v128.xor(f, g);
    e = add(add(e, v128.xor(v128.and(y, x), g)), S0(f));
    const w12 = next(192, 208, 80, 160);
    d = add(add(add(d, add(w12, v128.load32_splat(k, 48))), ch(a, b, c)), S1(a));
    h = add(h, d);
    x = v128.xor(e, f);
    d = add(add(d, v128.xor(v128.and(x, y), f)), S0(e));
    const w13 = next(208, 224, 96, 176);
    c = add(add(add(c, add(w13, v128.load32_splat(k, 52))), ch(h, a, b)), S1(h));
    g = add(g, c);
    y = v128.xor(d, e);
    c = add(add(c, v128.xor(v128.and(y, x), e)), S0(d));
    const w14 = next(224, 240, 112, 192);
    b = add(add(add(b, add(w14, v128.load32_splat(k, 56))), ch(g, h, a)), S1(g));
    f = add(f, b);
    x = v128.xor(c, d);
    b = add(add(b, v128.xor(v128.and(x, y), d)), S0(c));
    const w15 = next(240, 0, 128, 208);
    a = add(add(add(a, add(w15, v128.load32_splat(k, 60))), ch(f, g, h)), S1(f));
    e = add(e, a);
    y = v128.xor(b, c);
    a = add(add(a, v128.xor(v128.and(y, x), c)), S0(b));
  }
  v128.store(STATE4, add(a, v128.load(STATE4, 0)), 0);
  v128.store(STATE4, add(b, v128.load(STATE4, 16)), 16);
  v128.store(STATE4, add(c, v128.load(STATE4, 32)), 32);
  v128.store(STATE4, add(d, v128.load(STATE4, 48)), 48);
  v128.store(STATE4, add(e, v128.load(STATE4, 64)), 64);
  v128.store(STATE4, add(f, v128.load(STATE4, 80)), 80);
  v128.store(STATE4, add(g, v128.load(STATE4, 96)), 96);
  v128.store(STATE4, add(h, v128.load(STATE4, 112)), 112);
}

/**
 * Hashes four blocks of `size` bytes, one after another at `at`, each preceded
 * by the salt, of which sha256.ts has taken in the whole pieces; `rest` bytes
 * of it (less than 64) are at `salt`. Writes four digests of 32 bytes,
 * `pitch` bytes apart. `size` is at least 64.
 */
export function hash4(
  at: usize,
  size: u32,
  salt: usize,
  rest: u32,
  total: u64,
  out: usize,
  pitch: usize,
): void {
  for (let i: usize = 0; i < 8; i++) {
    v128.store(STATE4 + (i << 4), v128.load32_splat(STATE + (i << 2)));
  }
  let done: usize = 0;
  if (rest > 0) {
    done = 64 - rest;
    for (let lane: usize = 0; lane < 4; lane++) {
      memory.copy(EDGE + lane * LANE, salt, rest);
      memory.copy(EDGE + lane * LANE + rest, at + lane * size, done);
    }
    compress4(EDGE, LANE);
  }
  for (; done + 64 <= <usize>size; done += 64) compress4(at + done, size);
  const left = size - <u32>done;
  const tail: u32 = left < 56 ? 64 : 128;
  for (let lane: usize = 0; lane < 4; lane++) {
    const edge = EDGE + lane * LANE;
    memory.copy(edge, at + lane * <usize>size + done, left);
    store<u8>(edge + left, 0x80);
    memory.fill(edge + left + 1, 0, tail - left - 9);
    store<u64>(edge + tail - 8, bswap<u64>(total << 3));
  }
  for (let i: u32 = 0; i < tail; i += 64) compress4(EDGE + i, LANE);
  // Back from vectors of words to digests of lanes.
  for (let i: usize = 0; i < 8; i++) {
    for (let lane: usize = 0; lane < 4; lane++) {
      const word = load<u32>(STATE4 + (i << 4) + (lane << 2));
      store<u32>(out + lane * pitch + (i << 2), bswap<u32>(word));
    }
  }
}
