/**
 * BLAKE3, hash mode, 32 bytes out (github.com/BLAKE3-team/BLAKE3-specs). Four
 * chunks are compressed at once, one in each lane of a v128; sixteen chunks
 * make a group whose parents are compressed four at once too.
 *
 * A chunk may be the root only if it is the last, so input is held back until
 * more comes: up to one group.
 *
 * State, 18128 bytes:
 *
 *   0            16384     16392    16396    16400
 *   | held 16384 | chunks | held | depth | stack 54 * 32 |
 */

const CHUNK: u32 = 1024;
const GROUP: u32 = 16384;

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;

export const STATE_SIZE: u32 = 18128;
export const STATE: usize = memory.data(18128, 16);
/** Chunks before those that are held, a multiple of sixteen. */
const CHUNKS: usize = STATE + 16384;
const HELD: usize = STATE + 16392;
/** Chaining values of whole subtrees, the largest first. */
const DEPTH: usize = STATE + 16396;
const STACK: usize = STATE + 16400;

const IV: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
], 16);

/** Index of each message word, times 16, a row for each of seven rounds. */
const SCHEDULE: usize = memory.data<u8>([
  0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240,
  32, 96, 48, 160, 112, 0, 64, 208, 16, 176, 192, 80, 144, 224, 240, 128,
  48, 64, 160, 192, 208, 32, 112, 224, 96, 80, 144, 0, 176, 240, 128, 16,
  160, 112, 192, 144, 224, 48, 208, 240, 64, 0, 176, 32, 80, 128, 16, 96,
  192, 208, 144, 176, 240, 160, 224, 128, 112, 32, 80, 48, 0, 16, 96, 64,
  144, 224, 176, 80, 128, 192, 240, 16, 208, 48, 0, 160, 32, 96, 64, 112,
  176, 240, 80, 0, 16, 144, 128, 96, 224, 160, 32, 192, 48, 64, 112, 208,
], 16);

/** Chaining values of four lanes, their counters, their message words. */
const CV4: usize = memory.data(128, 16);
const COUNTER_LOW: usize = memory.data(16, 16);
const COUNTER_HIGH: usize = memory.data(16, 16);
const M: usize = memory.data(256, 16);
/** The sixteen chaining values of a group. */
const CVS: usize = memory.data(512, 16);
/** One chaining value, and one parent block. */
const CV: usize = memory.data(32, 16);
const PAIR: usize = memory.data(64, 16);

// @ts-ignore: decorator
@inline
function add(x: v128, y: v128): v128 {
  return i32x4.add(x, y);
}

// @ts-ignore: decorator
@inline
function rot(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}

// @ts-ignore: decorator
@inline
function rot16(x: v128): v128 {
  return i8x16.shuffle(
    x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13,
  );
}

// @ts-ignore: decorator
@inline
function rot8(x: v128): v128 {
  return i8x16.shuffle(
    x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12,
  );
}

// @ts-ignore: decorator
@inline
function m4(s: usize, i: usize): v128 {
  return v128.load(M + <usize>load<u8>(s + i));
}

// @ts-ignore: decorator
@inline
function m(block: usize, s: usize, i: usize): u32 {
  return load<u32>(block + (<usize>load<u8>(s + i) >> 2));
}

/** Vectors a..d, lanes and words exchanged, to `out`. */
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

/** CV4 takes in one block of each lane; lane n's is at `at + n * stride`. */
function compress4(at: usize, stride: usize, flags: u32): void {
  const at1 = at + stride, at2 = at1 + stride, at3 = at2 + stride;
  for (let i: usize = 0; i < 64; i += 16) {
    turn(
      M + (i << 2),
      v128.load(at + i),
      v128.load(at1 + i),
      v128.load(at2 + i),
      v128.load(at3 + i),
    );
  }
  let v0 = v128.load(CV4, 0);
  let v1 = v128.load(CV4, 16);
  let v2 = v128.load(CV4, 32);
  let v3 = v128.load(CV4, 48);
  let v4 = v128.load(CV4, 64);
  let v5 = v128.load(CV4, 80);
  let v6 = v128.load(CV4, 96);
  let v7 = v128.load(CV4, 112);
  let v8 = i32x4.splat(0x6a09e667);
  let v9 = i32x4.splat(0xbb67ae85);
  let v10 = i32x4.splat(0x3c6ef372);
  let v11 = i32x4.splat(0xa54ff53a);
  let v12 = v128.load(COUNTER_LOW), v13 = v128.load(COUNTER_HIGH);
  let v14 = i32x4.splat(64), v15 = i32x4.splat(flags);
  for (let s: usize = SCHEDULE; s < SCHEDULE + 112; s += 16) {
    v0 = add(add(v0, v4), m4(s, 0)), v12 = rot16(v128.xor(v12, v0));
    v8 = add(v8, v12), v4 = rot(v128.xor(v4, v8), 12);
    v0 = add(add(v0, v4), m4(s, 1)), v12 = rot8(v128.xor(v12, v0));
    v8 = add(v8, v12), v4 = rot(v128.xor(v4, v8), 7);
    v1 = add(add(v1, v5), m4(s, 2)), v13 = rot16(v128.xor(v13, v1));
    v9 = add(v9, v13), v5 = rot(v128.xor(v5, v9), 12);
    v1 = add(add(v1, v5), m4(s, 3)), v13 = rot8(v128.xor(v13, v1));
    v9 = add(v9, v13), v5 = rot(v128.xor(v5, v9), 7);
    v2 = add(add(v2, v6), m4(s, 4)), v14 = rot16(v128.xor(v14, v2));
    v10 = add(v10, v14), v6 = rot(v128.xor(v6, v10), 12);
    v2 = add(add(v2, v6), m4(s, 5)), v14 = rot8(v128.xor(v14, v2));
    v10 = add(v10, v14), v6 = rot(v128.xor(v6, v10), 7);
    v3 = add(add(v3, v7), m4(s, 6)), v15 = rot16(v128.xor(v15, v3));
    v11 = add(v11, v15), v7 = rot(v128.xor(v7, v11), 12);
    v3 = add(add(v3, v7), m4(s, 7)), v15 = rot8(v128.xor(v15, v3));
    v11 = add(v11, v15), v7 = rot(v128.xor(v7, v11), 7);
    v0 = add(add(v0, v5), m4(s, 8)), v15 = rot16(v128.xor(v15, v0));
    v10 = add(v10, v15), v5 = rot(v128.xor(v5, v10), 12);
    v0 = add(add(v0, v5), m4(s, 9)), v15 = rot8(v128.xor(v15, v0));
    v10 = add(v10, v15), v5 = rot(v128.xor(v5, v10), 7);
    v1 = add(add(v1, v6), m4(s, 10)), v12 = rot16(v128.xor(v12, v1));
    v11 = add(v11, v12), v6 = rot(v128.xor(v6, v11), 12);
    v1 = add(add(v1, v6), m4(s, 11)), v12 = rot8(v128.xor(v12, v1));
    v11 = add(v11, v12), v6 = rot(v128.xor(v6, v11), 7);
    v2 = add(add(v2, v7), m4(s, 12)), v13 = rot16(v128.xor(v13, v2));
    v8 = add(v8, v13), v7 = rot(v128.xor(v7, v8), 12);
    v2 = add(add(v2, v7), m4(s, 13)), v13 = rot8(v128.xor(v13, v2));
    v8 = add(v8, v13), v7 = rot(v128.xor(v7, v8), 7);
    v3 = add(add(v3, v4), m4(s, 14)), v14 = rot16(v128.xor(v14, v3));
    v9 = add(v9, v14), v4 = rot(v128.xor(v4, v9), 12);
    v3 = add(add(v3, v4), m4(s, 15)), v14 = rot8(v128.xor(v14, v3));
    v9 = add(v9, v14), v4 = rot(v128.xor(v4, v9), 7);
  }
  v128.store(CV4, v128.xor(v0, v8), 0);
  v128.store(CV4, v128.xor(v1, v9), 16);
  v128.store(CV4, v128.xor(v2, v10), 32);
  v128.store(CV4, v128.xor(v3, v11), 48);
  v128.store(CV4, v128.xor(v4, v12), 64);
  v128.store(CV4, v128.xor(v5, v13), 80);
  v128.store(CV4, v128.xor(v6, v14), 96);
  v128.store(CV4, v128.xor(v7, v15), 112);
}

/** CV of each of four chunks at `at`, the first of which is number `first`. */
function chunks4(at: usize, first: u64, out: usize): void {
  for (let i: usize = 0; i < 4; i++) {
    store<u32>(COUNTER_LOW + (i << 2), <u32>(first + i));
    store<u32>(COUNTER_HIGH + (i << 2), <u32>((first + i) >> 32));
  }
  startLanes();
  compress4(at, CHUNK, CHUNK_START);
  for (let i: usize = 64; i < 960; i += 64) compress4(at + i, CHUNK, 0);
  compress4(at + 960, CHUNK, CHUNK_END);
  storeLanes(out);
}

/** CV of each of four parents, whose eight children are at `at`. */
function parents4(at: usize, out: usize): void {
  v128.store(COUNTER_LOW, i32x4.splat(0));
  v128.store(COUNTER_HIGH, i32x4.splat(0));
  startLanes();
  compress4(at, 64, PARENT);
  storeLanes(out);
}

function startLanes(): void {
  for (let i: usize = 0; i < 8; i++) {
    v128.store(CV4 + (i << 4), v128.load32_splat(IV + (i << 2)));
  }
}

/** Four chaining values of 32 bytes from the lanes of CV4. */
function storeLanes(out: usize): void {
  for (let i: usize = 0; i < 8; i++) {
    for (let lane: usize = 0; lane < 4; lane++) {
      store<u32>(
        out + (lane << 5) + (i << 2),
        load<u32>(CV4 + (i << 4) + (lane << 2)),
      );
    }
  }
}

/** The chaining value at `cv` takes in one block. */
function compress(
  cv: usize,
  block: usize,
  size: u32,
  counter: u64,
  flags: u32,
): void {
  let v0 = load<u32>(cv, 0), v1 = load<u32>(cv, 4);
  let v2 = load<u32>(cv, 8), v3 = load<u32>(cv, 12);
  let v4 = load<u32>(cv, 16), v5 = load<u32>(cv, 20);
  let v6 = load<u32>(cv, 24), v7 = load<u32>(cv, 28);
  let v8: u32 = 0x6a09e667, v9: u32 = 0xbb67ae85;
  let v10: u32 = 0x3c6ef372, v11: u32 = 0xa54ff53a;
  let v12 = <u32>counter, v13 = <u32>(counter >> 32), v14 = size, v15 = flags;
  for (let s: usize = SCHEDULE; s < SCHEDULE + 112; s += 16) {
    v0 += v4 + m(block, s, 0), v12 = rotr<u32>(v12 ^ v0, 16);
    v8 += v12, v4 = rotr<u32>(v4 ^ v8, 12);
    v0 += v4 + m(block, s, 1), v12 = rotr<u32>(v12 ^ v0, 8);
    v8 += v12, v4 = rotr<u32>(v4 ^ v8, 7);
    v1 += v5 + m(block, s, 2), v13 = rotr<u32>(v13 ^ v1, 16);
    v9 += v13, v5 = rotr<u32>(v5 ^ v9, 12);
    v1 += v5 + m(block, s, 3), v13 = rotr<u32>(v13 ^ v1, 8);
    v9 += v13, v5 = rotr<u32>(v5 ^ v9, 7);
    v2 += v6 + m(block, s, 4), v14 = rotr<u32>(v14 ^ v2, 16);
    v10 += v14, v6 = rotr<u32>(v6 ^ v10, 12);
    v2 += v6 + m(block, s, 5), v14 = rotr<u32>(v14 ^ v2, 8);
    v10 += v14, v6 = rotr<u32>(v6 ^ v10, 7);
    v3 += v7 + m(block, s, 6), v15 = rotr<u32>(v15 ^ v3, 16);
    v11 += v15, v7 = rotr<u32>(v7 ^ v11, 12);
    v3 += v7 + m(block, s, 7), v15 = rotr<u32>(v15 ^ v3, 8);
    v11 += v15, v7 = rotr<u32>(v7 ^ v11, 7);
    v0 += v5 + m(block, s, 8), v15 = rotr<u32>(v15 ^ v0, 16);
    v10 += v15, v5 = rotr<u32>(v5 ^ v10, 12);
    v0 += v5 + m(block, s, 9), v15 = rotr<u32>(v15 ^ v0, 8);
    v10 += v15, v5 = rotr<u32>(v5 ^ v10, 7);
    v1 += v6 + m(block, s, 10), v12 = rotr<u32>(v12 ^ v1, 16);
    v11 += v12, v6 = rotr<u32>(v6 ^ v11, 12);
    v1 += v6 + m(block, s, 11), v12 = rotr<u32>(v12 ^ v1, 8);
    v11 += v12, v6 = rotr<u32>(v6 ^ v11, 7);
    v2 += v7 + m(block, s, 12), v13 = rotr<u32>(v13 ^ v2, 16);
    v8 += v13, v7 = rotr<u32>(v7 ^ v8, 12);
    v2 += v7 + m(block, s, 13), v13 = rotr<u32>(v13 ^ v2, 8);
    v8 += v13, v7 = rotr<u32>(v7 ^ v8, 7);
    v3 += v4 + m(block, s, 14), v14 = rotr<u32>(v14 ^ v3, 16);
    v9 += v14, v4 = rotr<u32>(v4 ^ v9, 12);
    v3 += v4 + m(block, s, 15), v14 = rotr<u32>(v14 ^ v3, 8);
    v9 += v14, v4 = rotr<u32>(v4 ^ v9, 7);
  }
  store<u32>(cv, v0 ^ v8, 0);
  store<u32>(cv, v1 ^ v9, 4);
  store<u32>(cv, v2 ^ v10, 8);
  store<u32>(cv, v3 ^ v11, 12);
  store<u32>(cv, v4 ^ v12, 16);
  store<u32>(cv, v5 ^ v13, 20);
  store<u32>(cv, v6 ^ v14, 24);
  store<u32>(cv, v7 ^ v15, 28);
}

/** CV of one chunk of up to 1024 bytes. The block it ends in may be short. */
function chunk(at: usize, size: u32, number: u64, root: u32): void {
  memory.copy(CV, IV, 32);
  let flags = CHUNK_START;
  for (; size > 64; at += 64, size -= 64) {
    compress(CV, at, 64, number, flags);
    flags = 0;
  }
  memory.copy(PAIR, at, size);
  memory.fill(PAIR + size, 0, 64 - size);
  compress(CV, PAIR, size, number, flags | CHUNK_END | root);
}

/** CV becomes the parent of `left` and CV. */
function parent(left: usize, root: u32): void {
  memory.copy(PAIR, left, 32);
  memory.copy(PAIR + 32, CV, 32);
  memory.copy(CV, IV, 32);
  compress(CV, PAIR, 64, 0, PARENT | root);
}

/** Puts CV on the stack as subtree number `count`, merging whole pairs. */
function push(count: u64): void {
  let depth = load<u32>(DEPTH);
  for (; (count & 1) === 0; count >>= 1) {
    depth--;
    parent(STACK + (depth << 5), 0);
  }
  memory.copy(STACK + (depth << 5), CV, 32);
  store<u32>(DEPTH, depth + 1);
}

/** Takes in sixteen chunks, after which more input comes. */
function group(at: usize): void {
  const chunks = load<u64>(CHUNKS);
  for (let i: usize = 0; i < 4; i++) {
    chunks4(at + (i << 12), chunks + (i << 2), CVS + (i << 7));
  }
  parents4(CVS, CVS);
  parents4(CVS + 256, CVS + 128);
  parents4(CVS, CVS);
  memory.copy(CV, CVS + 32, 32);
  parent(CVS, 0);
  memory.copy(CVS, CV, 32);
  memory.copy(CV, CVS + 96, 32);
  parent(CVS + 64, 0);
  parent(CVS, 0);
  store<u64>(CHUNKS, chunks + 16);
  push((chunks + 16) >> 4);
}

export function init(): void {
  store<u64>(CHUNKS, 0);
  store<u32>(HELD, 0);
  store<u32>(DEPTH, 0);
}

export function update(at: usize, size: u32): void {
  let held = load<u32>(HELD);
  while (size > 0) {
    if (held === GROUP) {
      group(STATE);
      held = 0;
    }
    if (held === 0) {
      for (; size > GROUP; at += GROUP, size -= GROUP) group(at);
    }
    const take = min<u32>(GROUP - held, size);
    memory.copy(STATE + held, at, take);
    held += take;
    at += take;
    size -= take;
  }
  store<u32>(HELD, held);
}

/** Writes 32 bytes to `out`. */
export function final(out: usize): u32 {
  let left = load<u32>(HELD);
  let at = STATE;
  let number = load<u64>(CHUNKS);
  for (; left > CHUNK << 2; at += CHUNK << 2, left -= CHUNK << 2) {
    chunks4(at, number, CVS);
    for (let i: usize = 0; i < 4; i++) {
      memory.copy(CV, CVS + (i << 5), 32);
      push(++number);
    }
  }
  for (; left > CHUNK; at += CHUNK, left -= CHUNK) {
    chunk(at, CHUNK, number, 0);
    push(++number);
  }
  let depth = load<u32>(DEPTH);
  chunk(at, left, number, depth === 0 ? ROOT : 0);
  while (depth > 0) {
    depth--;
    parent(STACK + (depth << 5), depth === 0 ? ROOT : 0);
  }
  memory.copy(out, CV, 32);
  return 32;
}
