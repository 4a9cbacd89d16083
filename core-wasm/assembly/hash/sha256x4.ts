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
/** K[t] + W[t] of four lanes, and W[t]. */
const W: usize = memory.data(1024, 16);
const KW: usize = memory.data(1024, 16);
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

function schedule(at: usize, stride: usize): void {
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
  for (let t: usize = 0; t < 256; t += 16) {
    v128.store(KW + t, add(v128.load(W + t), v128.load32_splat(K + (t >> 2))));
  }
  for (let t: usize = 256; t < 1024; t += 16) {
    const word = add(
      add(v128.load(W + t - 256), v128.load(W + t - 112)),
      add(s0x4(v128.load(W + t - 240)), s1x4(v128.load(W + t - 32))),
    );
    v128.store(W + t, word);
    v128.store(KW + t, add(word, v128.load32_splat(K + (t >> 2))));
  }
}

/** Takes in 64 bytes of each lane; lane n's are at `at + n * stride`. */
function compress4(at: usize, stride: usize): void {
  schedule(at, stride);
  let a = v128.load(STATE4, 0);
  let b = v128.load(STATE4, 16);
  let c = v128.load(STATE4, 32);
  let d = v128.load(STATE4, 48);
  let e = v128.load(STATE4, 64);
  let f = v128.load(STATE4, 80);
  let g = v128.load(STATE4, 96);
  let h = v128.load(STATE4, 112);
  let x = b, y = v128.xor(b, c);
  for (let w: usize = KW; w < KW + 1024; w += 128) {
    h = add(add(h, S1(e)), add(ch(e, f, g), v128.load(w, 0)));
    d = add(d, h);
    x = v128.xor(a, b);
    h = add(add(h, S0(a)), v128.xor(v128.and(x, y), b));
    g = add(add(g, S1(d)), add(ch(d, e, f), v128.load(w, 16)));
    c = add(c, g);
    y = v128.xor(h, a);
    g = add(add(g, S0(h)), v128.xor(v128.and(y, x), a));
    f = add(add(f, S1(c)), add(ch(c, d, e), v128.load(w, 32)));
    b = add(b, f);
    x = v128.xor(g, h);
    f = add(add(f, S0(g)), v128.xor(v128.and(x, y), h));
    e = add(add(e, S1(b)), add(ch(b, c, d), v128.load(w, 48)));
    a = add(a, e);
    y = v128.xor(f, g);
    e = add(add(e, S0(f)), v128.xor(v128.and(y, x), g));
    d = add(add(d, S1(a)), add(ch(a, b, c), v128.load(w, 64)));
    h = add(h, d);
    x = v128.xor(e, f);
    d = add(add(d, S0(e)), v128.xor(v128.and(x, y), f));
    c = add(add(c, S1(h)), add(ch(h, a, b), v128.load(w, 80)));
    g = add(g, c);
    y = v128.xor(d, e);
    c = add(add(c, S0(d)), v128.xor(v128.and(y, x), e));
    b = add(add(b, S1(g)), add(ch(g, h, a), v128.load(w, 96)));
    f = add(f, b);
    x = v128.xor(c, d);
    b = add(add(b, S0(c)), v128.xor(v128.and(x, y), d));
    a = add(add(a, S1(f)), add(ch(f, g, h), v128.load(w, 112)));
    e = add(e, a);
    y = v128.xor(b, c);
    a = add(add(a, S0(b)), v128.xor(v128.and(y, x), c));
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
