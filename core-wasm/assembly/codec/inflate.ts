/**
 * DEFLATE (RFC 1951) and its zlib wrapper (RFC 1950). The input and output are
 * the static buffers; nothing outside of them is read or written, whatever the
 * bytes are. Codes are as strict as zlib's: over-subscribed and incomplete
 * sets are refused, except for a set of one code of one bit.
 */
import { CODEC_IN, CODEC_OUT } from "../memory";
import { CORRUPT, OK, TOO_LARGE, TRUNCATED, UNSUPPORTED } from "../errors";

const CODE_BITS_MAX: u32 = 15;
/** Codes up to this long are looked up at once, longer ones bit by bit. */
const FAST_BITS: u32 = 10;
const FAST_MASK: u64 = 1023;

/**
 * A set of codes:
 *
 *   0           32            608                 2656
 *   | count[16] | symbol[288] | fast[1024], u16   |
 *
 * count by length, symbols in the order of their codes, and for each pattern
 * of the next ten bits `symbol << 4 | length`, 0 where the code is longer.
 */
const SET_SIZE: usize = 2656;
const SYMBOLS: usize = 32;
const FAST: usize = 608;
const LITERALS: usize = memory.data(2656, 16);
const DISTANCES: usize = memory.data(2656, 16);
/** Lengths of codes while a block's header is read. */
const LENGTHS: usize = memory.data(320, 16);
/** The next code of each length while a set is made. */
const NEXT: usize = memory.data(32, 16);

const LENGTH_BASE: usize = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31,
  35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]);
const LENGTH_EXTRA: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
  3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const DISTANCE_BASE: usize = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193,
  257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
  16385, 24577,
]);
const CODE_ORDER: usize = memory.data<u8>([
  16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
]);

/** Where the input is read and ends; bits that were read and not used. */
let at: usize = 0;
let end: usize = 0;
let bits: u64 = 0;
let held: i32 = 0;
/** Where the output is written and must end. */
let out: usize = 0;
let limit: usize = 0;

/** `n` bits, at most 32; -1 where the input has ended. */
function take(n: i32): i32 {
  while (held < n) {
    if (at === end) return -1;
    bits |= <u64>load<u8>(at++) << held;
    held += 8;
  }
  const value = <i32>(bits & ((<u64>1 << n) - 1));
  bits >>= n;
  held -= n;
  return value;
}

/** Makes `set` of the `n` lengths at `lengths`. */
function makeSet(set: usize, lengths: usize, n: u32): i32 {
  memory.fill(set, 0, SYMBOLS);
  memory.fill(set + FAST, 0, SET_SIZE - FAST);
  let longest: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const length = load<u8>(lengths + i);
    const count = set + ((<usize>length) << 1);
    store<u16>(count, load<u16>(count) + 1);
    longest = max<u32>(longest, length);
  }
  store<u16>(set, 0);
  let left: i32 = 1;
  let code: u32 = 0;
  for (let length: u32 = 1; length <= CODE_BITS_MAX; length++) {
    const count = load<u16>(set + (length << 1));
    left = (left << 1) - count;
    if (left < 0) return CORRUPT;
    code = (code + load<u16>(set + ((length - 1) << 1))) << 1;
    store<u16>(NEXT + (length << 1), <u16>code);
  }
  if (left > 0 && longest > 1) return CORRUPT;
  sortSymbols(set, lengths, n);
  return OK;
}

function sortSymbols(set: usize, lengths: usize, n: u32): void {
  let index: u32 = 0;
  for (let length: u32 = 1; length <= CODE_BITS_MAX; length++) {
    for (let i: u32 = 0; i < n; i++) {
      if (load<u8>(lengths + i) !== length) continue;
      store<u16>(set + SYMBOLS + (index++ << 1), <u16>i);
      const next = NEXT + (length << 1);
      const code = load<u16>(next);
      store<u16>(next, code + 1);
      if (length <= FAST_BITS) fillFast(set, code, length, i);
    }
  }
}

/** All patterns of ten bits that begin with `code`, whose first bit is lowest. */
function fillFast(set: usize, code: u32, length: u32, symbol: u32): void {
  let turned: u32 = 0;
  for (let bit: u32 = 0; bit < length; bit++) {
    turned |= ((code >> bit) & 1) << (length - 1 - bit);
  }
  for (let i = turned; i < 1 << FAST_BITS; i += 1 << length) {
    store<u16>(set + FAST + (i << 1), <u16>(symbol << 4 | length));
  }
}

/** `symbol << 4 | length` of a code by its bits, 0 if there is none. */
function slow(set: usize, pattern: u64): u32 {
  let code: i32 = 0, first: i32 = 0, index: i32 = 0;
  for (let length: u32 = 1; length <= CODE_BITS_MAX; length++) {
    code |= <i32>(pattern & 1);
    pattern >>= 1;
    const count = <i32>load<u16>(set + (length << 1));
    if (code - count < first) {
      const symbol = load<u16>(set + SYMBOLS + ((index + code - first) << 1));
      return <u32>symbol << 4 | length;
    }
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function lookUp(set: usize, pattern: u64): u32 {
  const entry = <u32>load<u16>(set + FAST + (<usize>(pattern & FAST_MASK) << 1));
  return entry !== 0 ? entry : slow(set, pattern);
}

/** One symbol of the code lengths, which are few; negative is an error. */
function takeSymbol(set: usize): i32 {
  while (held < <i32>CODE_BITS_MAX && at < end) {
    bits |= <u64>load<u8>(at++) << held;
    held += 8;
  }
  const entry = lookUp(set, bits);
  const length = <i32>(entry & 15);
  if (entry === 0) return held < <i32>CODE_BITS_MAX ? TRUNCATED : CORRUPT;
  if (length > held) return TRUNCATED;
  bits >>= length;
  held -= length;
  return <i32>(entry >> 4);
}

function storedBlock(): i32 {
  // The rest of this byte is not used.
  bits >>= held & 7;
  held &= ~7;
  const size = take(16), check = take(16);
  if (size < 0 || check < 0) return TRUNCATED;
  if ((size ^ check) !== 0xffff) return CORRUPT;
  at -= held >> 3;
  held = 0;
  bits = 0;
  if (<usize>size > end - at) return TRUNCATED;
  if (<usize>size > limit - out) return TOO_LARGE;
  memory.copy(out, at, size);
  out += size;
  at += size;
  return OK;
}

function fixedSets(): void {
  memory.fill(LENGTHS, 8, 144);
  memory.fill(LENGTHS + 144, 9, 112);
  memory.fill(LENGTHS + 256, 7, 24);
  memory.fill(LENGTHS + 280, 8, 8);
  makeSet(LITERALS, LENGTHS, 288);
  memory.fill(LENGTHS, 5, 32);
  makeSet(DISTANCES, LENGTHS, 32);
}

function dynamicSets(): i32 {
  const counts = take(14);
  if (counts < 0) return TRUNCATED;
  const literals = (counts & 31) + 257, distances = ((counts >> 5) & 31) + 1;
  const codes = (counts >> 10) + 4;
  if (literals > 286 || distances > 30) return CORRUPT;
  memory.fill(LENGTHS, 0, 19);
  for (let i = 0; i < codes; i++) {
    const length = take(3);
    if (length < 0) return TRUNCATED;
    store<u8>(LENGTHS + load<u8>(CODE_ORDER + i), <u8>length);
  }
  if (makeSet(LITERALS, LENGTHS, 19) < 0) return CORRUPT;
  // zlib takes one code of one bit for literals only.
  if (!isComplete(LITERALS)) return CORRUPT;
  for (let n = 0; n < literals + distances;) {
    const symbol = takeSymbol(LITERALS);
    if (symbol < 0) return symbol;
    if (symbol < 16) {
      store<u8>(LENGTHS + n++, <u8>symbol);
      continue;
    }
    if (symbol === 16 && n === 0) return CORRUPT;
    const length: u8 = symbol === 16 ? load<u8>(LENGTHS + n - 1) : 0;
    const extra = symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
    const more = take(extra);
    if (more < 0) return TRUNCATED;
    const repeat = more + (symbol === 18 ? 11 : 3);
    if (n + repeat > literals + distances) return CORRUPT;
    memory.fill(LENGTHS + n, length, repeat);
    n += repeat;
  }
  // Without an end of block there is no end.
  if (load<u8>(LENGTHS + 256) === 0) return CORRUPT;
  if (makeSet(LITERALS, LENGTHS, literals) < 0) return CORRUPT;
  return makeSet(DISTANCES, LENGTHS + literals, distances);
}

/** Every pattern of bits is a code. */
function isComplete(set: usize): bool {
  let left: i32 = 1;
  for (let length: u32 = 1; length <= CODE_BITS_MAX; length++) {
    left = (left << 1) - load<u16>(set + (length << 1));
  }
  return left === 0;
}

// @ts-ignore: decorator
@inline
function copyMatch(to: usize, distance: usize, length: usize): void {
  const from = to - distance;
  if (distance >= 8) {
    // Overshoots into bytes that are written later, or the slack.
    for (let i: usize = 0; i < length; i += 8) {
      store<u64>(to + i, load<u64>(from + i));
    }
  } else if (distance === 1) {
    memory.fill(to, load<u8>(from), length);
  } else {
    for (let i: usize = 0; i < length; i++) {
      store<u8>(to + i, load<u8>(from + i));
    }
  }
}

/** Symbols up to the end of the block. */
function codedBlock(): i32 {
  // Locals: they are in registers.
  let p = at, b = bits, n = held, o = out;
  const stop = end, full = limit;
  while (true) {
    // 48 bits are the most that one turn takes.
    if (p + 8 <= stop) {
      b |= load<u64>(p) << n;
      const whole = (63 - n) >> 3;
      p += whole;
      n += whole << 3;
    } else {
      for (; n <= 56 && p < stop; n += 8) b |= <u64>load<u8>(p++) << n;
    }
    const entry = lookUp(LITERALS, b);
    if (entry === 0) return n < <i32>CODE_BITS_MAX ? TRUNCATED : CORRUPT;
    b >>= entry & 15;
    n -= entry & 15;
    if (n < 0) return TRUNCATED;
    const symbol = entry >> 4;
    if (symbol < 256) {
      if (o === full) return TOO_LARGE;
      store<u8>(o++, <u8>symbol);
      continue;
    }
    if (symbol === 256) break;
    const which = symbol - 257;
    if (which > 28) return CORRUPT;
    const more = load<u8>(LENGTH_EXTRA + which);
    const length = <usize>load<u16>(LENGTH_BASE + (which << 1)) +
      <usize>(b & ((<u64>1 << more) - 1));
    b >>= more;
    n -= more;
    const place = lookUp(DISTANCES, b);
    if (place === 0) return n < <i32>CODE_BITS_MAX ? TRUNCATED : CORRUPT;
    b >>= place & 15;
    n -= place & 15;
    const far = place >> 4;
    if (far > 29) return n < 0 ? TRUNCATED : CORRUPT;
    const tail = far < 4 ? 0 : (far >> 1) - 1;
    const distance = <usize>load<u16>(DISTANCE_BASE + (far << 1)) +
      <usize>(b & ((<u64>1 << tail) - 1));
    b >>= tail;
    n -= tail;
    if (n < 0) return TRUNCATED;
    if (distance > o - CODEC_OUT) return CORRUPT;
    if (length > full - o) return TOO_LARGE;
    copyMatch(o, distance, length);
    o += length;
  }
  // Bits above those that are held are of bytes still to be read.
  at = p, bits = b & ((<u64>1 << n) - 1), held = n, out = o;
  return OK;
}

/** Blocks up to the last one. */
function blocks(): i32 {
  while (true) {
    const header = take(3);
    if (header < 0) return TRUNCATED;
    let code: i32 = CORRUPT;
    const kind = header >> 1;
    if (kind === 0) {
      code = storedBlock();
    } else if (kind === 1) {
      fixedSets();
      code = codedBlock();
    } else if (kind === 2) {
      code = dynamicSets();
      if (code === OK) code = codedBlock();
    }
    if (code < 0) return code;
    if (header & 1) return OK;
  }
}

function start(size: u32, capacity: u32): void {
  at = CODEC_IN;
  end = CODEC_IN + size;
  bits = 0;
  held = 0;
  out = CODEC_OUT;
  limit = CODEC_OUT + capacity;
}

/** Gives back whole bytes that were read ahead. */
function alignInput(): void {
  at -= held >> 3;
  held = 0;
  bits = 0;
}

function adler32(from: usize, to: usize): u32 {
  let a: u32 = 1, b: u32 = 0;
  while (from < to) {
    // The most that fits in 32 bits before a remainder is due.
    const stop = min<usize>(to, from + 5552);
    for (; from < stop; from++) {
      a += load<u8>(from);
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return b << 16 | a;
}

/** Raw DEFLATE; returns the size of the output. */
export function inflate(size: u32, capacity: u32): i32 {
  start(size, capacity);
  const code = blocks();
  if (code < 0) return code;
  alignInput();
  return at === end ? <i32>(out - CODEC_OUT) : CORRUPT;
}

/** zlib: two bytes, DEFLATE, Adler-32. */
export function inflateZlib(size: u32, capacity: u32): i32 {
  start(size, capacity);
  const method = take(8), flags = take(8);
  if (method < 0 || flags < 0) return TRUNCATED;
  if ((method << 8 | flags) % 31 !== 0 || (method & 15) !== 8) return CORRUPT;
  if (method >> 4 > 7) return CORRUPT;
  if (flags & 0x20) return UNSUPPORTED;
  const code = blocks();
  if (code < 0) return code;
  alignInput();
  if (end - at < 4) return TRUNCATED;
  if (bswap<u32>(load<u32>(at)) !== adler32(CODEC_OUT, out)) return CORRUPT;
  return at + 4 === end ? <i32>(out - CODEC_OUT) : CORRUPT;
}
