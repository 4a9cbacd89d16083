/**
 * Huffman codes of literals (RFC 8878, 4.2): one table of all patterns of the
 * next eleven bits, `symbol << 8 | length`, and one or four streams.
 */
import { CORRUPT, OK } from "../errors";
import { bitsAt, first, placeOfEnd, placeOfStart } from "./zstd_bits";
import { makeTable, readCounts, symbolCount, tableLog } from "./zstd_fse";

const CODE_BITS_MAX: u32 = 11;
const TABLE: usize = memory.data(4096, 16);
/** Room for 256 symbols, one written too many, and a word's reading. */
const WEIGHTS: usize = memory.data(272, 16);
const WEIGHT_COUNT_MAX: usize = 255;
/** The table of the weights, which are coded themselves. */
const WEIGHT_LOG_MAX: u32 = 6;
const WEIGHT_TABLE: usize = memory.data(512, 16);
/** By weight: how many symbols, then where the next one goes in TABLE. */
const RANKS: usize = memory.data(64, 16);

/** How many weights were read. */
let weights: usize = 0;

/** Weights of four bits each. */
function directWeights(at: usize, end: usize, count: usize): i32 {
  const size = (count + 1) >> 1;
  if (size > end - at) return CORRUPT;
  for (let i: usize = 0; i < size; i++) {
    const two = load<u8>(at + i);
    store<u8>(WEIGHTS + (i << 1), two >> 4);
    store<u8>(WEIGHTS + (i << 1), two & 15, 1);
  }
  weights = count;
  return <i32>size;
}

/** Weights by two states in turns, until the bits do not suffice. */
function codedWeights(at: usize, end: usize): i32 {
  const used = readCounts(at, end, 256, WEIGHT_LOG_MAX);
  if (used < 0) return used;
  makeTable(WEIGHT_TABLE, tableLog, symbolCount);
  const start = placeOfStart(at + used);
  let place = placeOfEnd(at + used, end);
  if (place < start + 2 * tableLog) return CORRUPT;
  let state = <usize>first(bitsAt(place), tableLog) << 3;
  place -= tableLog;
  let other = <usize>first(bitsAt(place), tableLog) << 3;
  place -= tableLog;
  for (let n: usize = 0; n + 2 <= WEIGHT_COUNT_MAX;) {
    const entry = WEIGHT_TABLE + state;
    store<u8>(WEIGHTS + n++, load<u8>(entry, 4));
    const bits = load<u8>(entry, 2);
    if (place < start + bits) {
      store<u8>(WEIGHTS + n++, load<u8>(WEIGHT_TABLE + other, 4));
      weights = n;
      return <i32>(end - at);
    }
    state = other;
    other = load<u16>(entry) + (<usize>first(bitsAt(place), bits) << 3);
    place -= bits;
  }
  return CORRUPT;
}

/** Adds the last weight, which is not written; returns the longest length. */
function lastWeight(): i32 {
  memory.fill(RANKS, 0, 64);
  let total: u32 = 0;
  for (let i: usize = 0; i < weights; i++) {
    const weight = <u32>load<u8>(WEIGHTS + i);
    if (weight > CODE_BITS_MAX) return CORRUPT;
    const rank = RANKS + (weight << 2);
    store<u32>(rank, load<u32>(rank) + 1);
    total += (1 << weight) >> 1;
  }
  if (total === 0) return CORRUPT;
  const log: u32 = 32 - clz<u32>(total);
  const rest = (<u32>1 << log) - total;
  if (log > CODE_BITS_MAX || popcnt<u32>(rest) !== 1) return CORRUPT;
  const weight = ctz<u32>(rest) + 1;
  store<u8>(WEIGHTS + weights++, <u8>weight);
  const rank = RANKS + (weight << 2);
  store<u32>(rank, load<u32>(rank) + 1);
  // The longest codes come in pairs.
  const longest = load<u32>(RANKS, 4);
  return longest < 2 || longest & 1 ? CORRUPT : <i32>log;
}

/** Four entries at once: every run is that long but for the shortest. */
function fill(from: usize, to: usize, entry: u64): void {
  if (to - from < 8) {
    for (; from < to; from += 2) store<u16>(from, <u16>entry);
    return;
  }
  for (; from < to; from += 8) store<u64>(from, entry * 0x0001000100010001);
}

/** Reads the codes at `at`; returns how many bytes they take, or a code. */
export function readCodes(at: usize, end: usize): i32 {
  if (at >= end) return CORRUPT;
  const head = <usize>load<u8>(at++);
  if (head < 128 && head > end - at) return CORRUPT;
  const size = head < 128
    ? codedWeights(at, at + head)
    : directWeights(at, end, head - 127);
  if (size < 0) return size;
  const found = lastWeight();
  if (found < 0) return found;
  const log = <u32>found;
  // A symbol takes 2 bytes times 2^(weight - 1), scaled to eleven bits.
  const scale = CODE_BITS_MAX - log;
  let next = TABLE;
  for (let weight: u32 = 1; weight <= log; weight++) {
    const rank = RANKS + (weight << 2);
    const count = load<u32>(rank);
    store<u32>(rank, <u32>next);
    next += count << (weight + scale);
  }
  for (let symbol: usize = 0; symbol < weights; symbol++) {
    const weight = <u32>load<u8>(WEIGHTS + symbol);
    if (weight === 0) continue;
    const rank = RANKS + (weight << 2);
    const from = <usize>load<u32>(rank);
    const to = from + (<usize>1 << (weight + scale));
    fill(from, to, symbol << 8 | (log + 1 - weight));
    store<u32>(rank, <u32>to);
  }
  return size + 1;
}

// @ts-ignore: decorator
@inline
function lookUp(bits: u64): u64 {
  return <u64>load<u16>(TABLE + (<usize>(bits >> 52) & 0xffe));
}

/** Five symbols, 55 bits at most, to `to`; returns the place after them. */
// @ts-ignore: decorator
@inline
function five(place: usize, to: usize): usize {
  let bits = bitsAt(place);
  const a = lookUp(bits);
  store<u8>(to, a >> 8);
  // Shifts are modulo 64: the symbol above the length is no part of them.
  bits <<= a;
  const b = lookUp(bits);
  store<u8>(to, b >> 8, 1);
  bits <<= b;
  const c = lookUp(bits);
  store<u8>(to, c >> 8, 2);
  bits <<= c;
  const d = lookUp(bits);
  store<u8>(to, d >> 8, 3);
  bits <<= d;
  const e = lookUp(bits);
  store<u8>(to, e >> 8, 4);
  return place - <usize>((a + b + c + d + e) & 255);
}

/** The symbols from `to` up to `stop`; returns the place after them. */
function symbols(place: usize, to: usize, stop: usize): usize {
  for (; to + 5 <= stop; to += 5) place = five(place, to);
  for (; to < stop; to++) {
    const entry = lookUp(bitsAt(place));
    store<u8>(to, entry >> 8);
    place -= <usize>(entry & 255);
  }
  return place;
}

/**
 * One stream of `size` symbols from `at` to `end`. Nothing looks whether it
 * runs over its start while it is read: that are 11 bits a symbol, 44 KiB at
 * most, and before the input there are 256 KiB of other buffers.
 */
export function oneStream(at: usize, end: usize, to: usize, size: usize): i32 {
  const place = placeOfEnd(at, end);
  if (place === 0) return CORRUPT;
  return symbols(place, to, to + size) === placeOfStart(at) ? OK : CORRUPT;
}

/** Four streams of a quarter each, after the sizes of the first three. */
export function fourStreams(
  at: usize,
  end: usize,
  to: usize,
  size: usize,
): i32 {
  const quarter = (size + 3) >> 2;
  if (end - at < 10 || quarter * 3 > size) return CORRUPT;
  const at1 = at + 6;
  const at2 = at1 + load<u16>(at);
  const at3 = at2 + load<u16>(at, 2);
  const at4 = at3 + load<u16>(at, 4);
  if (at4 >= end) return CORRUPT;
  let a = placeOfEnd(at1, at2), b = placeOfEnd(at2, at3);
  let c = placeOfEnd(at3, at4), d = placeOfEnd(at4, end);
  if (a === 0 || b === 0 || c === 0 || d === 0) return CORRUPT;
  const to2 = to + quarter, to3 = to2 + quarter, to4 = to3 + quarter;
  const stop = to + size;
  let i: usize = 0;
  // The last quarter is the shortest.
  for (const whole = stop - to4; i + 5 <= whole; i += 5) {
    a = five(a, to + i);
    b = five(b, to2 + i);
    c = five(c, to3 + i);
    d = five(d, to4 + i);
  }
  a = symbols(a, to + i, to2);
  b = symbols(b, to2 + i, to3);
  c = symbols(c, to3 + i, to4);
  d = symbols(d, to4 + i, stop);
  return a === placeOfStart(at1) && b === placeOfStart(at2) &&
      c === placeOfStart(at3) && d === placeOfStart(at4)
    ? OK
    : CORRUPT;
}
