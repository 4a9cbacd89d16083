/**
 * XXH64 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
 *
 * State, 72 bytes:
 *
 *   0         32         64       72
 *   | acc[0..4] | block 32 | length |
 */

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;
const P4: u64 = 0x85ebca77c2b2ae63;
const P5: u64 = 0x27d4eb2f165667c5;

export const STATE_SIZE: u32 = 72;
export const STATE: usize = memory.data(72, 16);
const ASIDE: usize = memory.data(72, 16);
const BLOCK: usize = STATE + 32;
const LENGTH: usize = STATE + 64;

// @ts-ignore: decorator
@inline
function round(acc: u64, word: u64): u64 {
  return rotl<u64>(acc + word * P2, 31) * P1;
}

// @ts-ignore: decorator
@inline
function merge(hash: u64, acc: u64): u64 {
  return (hash ^ round(0, acc)) * P1 + P4;
}

/** Takes in the stripes of 32 bytes from `at` to `end`. */
function stripes(at: usize, end: usize): void {
  let a = load<u64>(STATE), b = load<u64>(STATE, 8);
  let c = load<u64>(STATE, 16), d = load<u64>(STATE, 24);
  for (; at < end; at += 32) {
    a = round(a, load<u64>(at));
    b = round(b, load<u64>(at, 8));
    c = round(c, load<u64>(at, 16));
    d = round(d, load<u64>(at, 24));
  }
  store<u64>(STATE, a);
  store<u64>(STATE, b, 8);
  store<u64>(STATE, c, 16);
  store<u64>(STATE, d, 24);
}

export function init(): void {
  store<u64>(STATE, P1 + P2);
  store<u64>(STATE, P2, 8);
  store<u64>(STATE, 0, 16);
  store<u64>(STATE, 0 - P1, 24);
  store<u64>(LENGTH, 0);
}

export function update(at: usize, size: u32): void {
  const held = <u32>load<u64>(LENGTH) & 31;
  store<u64>(LENGTH, load<u64>(LENGTH) + size);
  const end = at + size;
  if (held > 0) {
    const take = min<u32>(32 - held, size);
    memory.copy(BLOCK + held, at, take);
    at += take;
    if (held + take < 32) return;
    stripes(BLOCK, BLOCK + 32);
  }
  const rest = (end - at) & 31;
  stripes(at, end - rest);
  memory.copy(BLOCK, end - rest, rest);
}

/** The hash of the state; the state stays. */
function result(): u64 {
  const length = load<u64>(LENGTH);
  let hash = load<u64>(STATE, 16) + P5;
  if (length >= 32) {
    const a = load<u64>(STATE), b = load<u64>(STATE, 8);
    const c = load<u64>(STATE, 16), d = load<u64>(STATE, 24);
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) +
      rotl<u64>(d, 18);
    hash = merge(merge(merge(merge(hash, a), b), c), d);
  }
  hash += length;
  let at = BLOCK;
  const end = BLOCK + (<usize>length & 31);
  for (; at + 8 <= end; at += 8) {
    hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * P1 + P4;
  }
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * P1), 23) * P2 + P3;
    at += 4;
  }
  for (; at < end; at++) {
    hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * P5), 11) * P1;
  }
  hash = (hash ^ (hash >> 33)) * P2;
  hash = (hash ^ (hash >> 29)) * P3;
  return hash ^ (hash >> 32);
}

/** Writes 8 bytes, big-endian as XXH64's canonical form, to `out`. */
export function final(out: usize): u32 {
  store<u64>(out, bswap<u64>(result()));
  return 8;
}

/** The hash of `size` bytes at `at`; a hasher under way is not disturbed. */
export function digestOf(at: usize, size: u32): u64 {
  memory.copy(ASIDE, STATE, STATE_SIZE);
  init();
  update(at, size);
  const hash = result();
  memory.copy(STATE, ASIDE, STATE_SIZE);
  return hash;
}
