/**
 * The sequences of a block (RFC 8878, 3.1.1.3.2): each is literals to copy and
 * a match. They are carried out while they are read. The three tables stay in
 * their places, so that "repeat" is to leave them as they are.
 */
import { CODEC_OUT } from "../memory";
import { CORRUPT, OK, TOO_LARGE } from "../errors";
import { bitsAt, first, placeOfEnd, placeOfStart } from "./zstd_bits";
import {
  COUNTS,
  makeConstant,
  makeTable,
  readCounts,
  symbolCount,
  tableLog,
} from "./zstd_fse";

/** The tables, with what a symbol stands for: how many, and more bits. */
const LITERALS: usize = memory.data(4096, 16);
const OFFSETS: usize = memory.data(2048, 16);
const MATCHES: usize = memory.data(4096, 16);

const LITERALS_BASE: usize = memory.data<u32>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22,
  24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
  32768, 65536,
]);
const LITERALS_EXTRA: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
  2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
]);
const LITERALS_COUNTS: usize = memory.data<i16>([
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2,
  2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
]);
/** Offsets are 3 less than their values; the first two are repeats. */
const OFFSETS_BASE: usize = memory.data<u32>([
  0, 1, 1, 5, 13, 29, 61, 125, 253, 509, 1021, 2045, 4093, 8189, 16381,
  32765, 65533, 131069, 262141, 524285, 1048573, 2097149, 4194301, 8388605,
  16777213, 33554429, 67108861, 134217725, 268435453, 536870909, 1073741821,
  2147483645,
]);
const OFFSETS_EXTRA: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
  21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
]);
const OFFSETS_COUNTS: usize = memory.data<i16>([
  1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  -1, -1, -1, -1, -1,
]);
const MATCHES_BASE: usize = memory.data<u32>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
  23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47,
  51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771,
  65539,
]);
const MATCHES_EXTRA: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12,
  13, 14, 15, 16,
]);
const MATCHES_COUNTS: usize = memory.data<i16>([
  1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1,
  -1, -1, -1, -1,
]);

/** The log of each table; negative where the frame had none yet. */
let literalsLog: i32 = -1;
let offsetsLog: i32 = -1;
let matchesLog: i32 = -1;
/** The last three offsets. */
let last1: usize = 1;
let last2: usize = 4;
let last3: usize = 8;

/** Where literals are read and end; where output is written and must end. */
let literal: usize = 0;
let literalEnd: usize = 0;
let out: usize = 0;
let limit: usize = 0;

const PREDEFINED: u32 = 0;
const CONSTANT: u32 = 1;
const CODED: u32 = 2;

/** A frame begins without tables. */
export function startSequences(): void {
  literalsLog = -1, offsetsLog = -1, matchesLog = -1;
  last1 = 1, last2 = 4, last3 = 8;
}

/** Puts what symbols stand for into a table. */
function setMeaning(table: usize, log: i32, base: usize, extra: usize): void {
  const end = table + (<usize>8 << log);
  for (let entry = table; entry < end; entry += 8) {
    const symbol = <usize>load<u32>(entry, 4);
    store<u8>(entry, load<u8>(extra + symbol), 3);
    store<u32>(entry, load<u32>(base + (symbol << 2)), 4);
  }
}

/** What {@linkcode readTable} needs to know, and what it found. */
let at: usize = 0;
let end: usize = 0;

/** Reads a table that is not repeated; returns its log or a code. */
function readTable(table: usize, mode: u32, symbols: u32, log: u32): i32 {
  if (mode === CONSTANT) {
    if (at === end) return CORRUPT;
    const symbol = <u32>load<u8>(at++);
    if (symbol >= symbols) return CORRUPT;
    makeConstant(table, symbol);
    return 0;
  }
  const size = readCounts(at, end, symbols, log);
  if (size < 0) return size;
  at += size;
  makeTable(table, tableLog, symbolCount);
  return <i32>tableLog;
}

function predefine(table: usize, counts: usize, symbols: u32, log: u32): i32 {
  memory.copy(COUNTS, counts, symbols << 1);
  makeTable(table, log, symbols);
  return <i32>log;
}

/** The three tables of a block, by the byte of their modes. */
function readTables(modes: u32): i32 {
  if (modes & 3) return CORRUPT;
  let mode = modes >> 6;
  if (mode <= CODED) {
    literalsLog = mode === PREDEFINED
      ? predefine(LITERALS, LITERALS_COUNTS, 36, 6)
      : readTable(LITERALS, mode, 36, 9);
    if (literalsLog >= 0) {
      setMeaning(LITERALS, literalsLog, LITERALS_BASE, LITERALS_EXTRA);
    }
  }
  mode = (modes >> 4) & 3;
  if (mode <= CODED) {
    offsetsLog = mode === PREDEFINED
      ? predefine(OFFSETS, OFFSETS_COUNTS, 29, 5)
      : readTable(OFFSETS, mode, 32, 8);
    if (offsetsLog >= 0) {
      setMeaning(OFFSETS, offsetsLog, OFFSETS_BASE, OFFSETS_EXTRA);
    }
  }
  mode = (modes >> 2) & 3;
  if (mode <= CODED) {
    matchesLog = mode === PREDEFINED
      ? predefine(MATCHES, MATCHES_COUNTS, 53, 6)
      : readTable(MATCHES, mode, 53, 9);
    if (matchesLog >= 0) {
      setMeaning(MATCHES, matchesLog, MATCHES_BASE, MATCHES_EXTRA);
    }
  }
  return literalsLog < 0 || offsetsLog < 0 || matchesLog < 0 ? CORRUPT : OK;
}

/** How a pattern of 1 to 15 bytes fills 16, and its largest multiple in 16. */
const PATTERNS: usize = memory.data(256, 16);
let patternsMade: bool = false;

function makePatterns(): void {
  for (let size: u32 = 1; size < 16; size++) {
    for (let i: u32 = 0; i < 16; i++) {
      store<u8>(PATTERNS + (size << 4) + i, <u8>(i % size));
    }
    store<u8>(PATTERNS + size, <u8>(16 - 16 % size));
  }
  patternsMade = true;
}

/** Overshoots by less than 16 bytes, as everything here that copies. */
// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, size: usize): void {
  v128.store(to, v128.load(from));
  for (let i: usize = 16; i < size; i += 16) {
    v128.store(to + i, v128.load(from + i));
  }
}

/** A match that overlaps what it writes. */
function repeat(to: usize, offset: usize, size: usize): void {
  const pattern = i8x16.swizzle(
    v128.load(to - offset),
    v128.load(PATTERNS + (offset << 4)),
  );
  const step = <usize>load<u8>(PATTERNS + offset);
  for (let i: usize = 0; i < size; i += step) v128.store(to + i, pattern);
}

/** Carries out `count` sequences whose bits are from `at` to `end`. */
function carryOut(count: u32): i32 {
  let place = placeOfEnd(at, end);
  if (place === 0) return CORRUPT;
  const start = placeOfStart(at);
  const literalsStop = literalEnd, full = limit;
  // Locals: they are in registers.
  let from = literal, to = out;
  let one = last1, two = last2, three = last3;
  let bits = bitsAt(place);
  let l = <usize>first(bits, literalsLog) << 3;
  bits <<= literalsLog;
  let o = <usize>first(bits, offsetsLog) << 3;
  bits <<= offsetsLog;
  let m = <usize>first(bits, matchesLog) << 3;
  place -= literalsLog + offsetsLog + matchesLog;
  while (true) {
    const lMore = load<u8>(LITERALS + l + 3);
    const oMore = load<u8>(OFFSETS + o + 3);
    const mMore = load<u8>(MATCHES + m + 3);
    const more = <usize>lMore + oMore + mMore;
    bits = bitsAt(place);
    place -= more;
    let offset = <usize>load<u32>(OFFSETS + o + 4) + <usize>first(bits, oMore);
    bits <<= oMore;
    // 31 and the 26 of the next states are all that is sure to be there.
    if (more > 31) bits = bitsAt(place + lMore + mMore);
    const size = <usize>load<u32>(MATCHES + m + 4) + <usize>first(bits, mMore);
    bits <<= mMore;
    const base = <usize>load<u32>(LITERALS + l + 4);
    const run = base + <usize>first(bits, lMore);
    bits <<= lMore;
    if (more > 31) bits = bitsAt(place);
    if (oMore > 1) {
      three = two, two = one, one = offset;
    } else {
      // Without literals the last offset makes no sense: all are one further.
      if (base === 0) offset++;
      if (offset > 0) {
        const again = offset === 1 ? two : offset === 2 ? three : one - 1;
        if (offset > 1) three = two;
        two = one, one = again;
      }
    }
    if (run > literalsStop - from) return CORRUPT;
    if (run + size > full - to) return TOO_LARGE;
    copy(to, from, run);
    from += run;
    to += run;
    // Zero is wrong too.
    if (one - 1 >= to - CODEC_OUT) return CORRUPT;
    if (one >= 16) copy(to, to - one, size);
    else repeat(to, one, size);
    to += size;
    if (--count === 0) break;
    const lBits = load<u8>(LITERALS + l + 2);
    const mBits = load<u8>(MATCHES + m + 2);
    const oBits = load<u8>(OFFSETS + o + 2);
    l = load<u16>(LITERALS + l) + (<usize>first(bits, lBits) << 3);
    bits <<= lBits;
    m = load<u16>(MATCHES + m) + (<usize>first(bits, mBits) << 3);
    bits <<= mBits;
    o = load<u16>(OFFSETS + o) + (<usize>first(bits, oBits) << 3);
    place -= <usize>lBits + mBits + oBits;
    if (place < start) return CORRUPT;
  }
  literal = from, out = to;
  last1 = one, last2 = two, last3 = three;
  return place === start ? OK : CORRUPT;
}

/** The literals that are left after the last sequence. */
function rest(): i32 {
  const size = literalEnd - literal;
  if (size > limit - out) return TOO_LARGE;
  memory.copy(out, literal, size);
  out += size;
  return OK;
}

/**
 * The sequences from `from` to `to`, with the `size` literals at `literals`,
 * write to `target`, at most `capacity` bytes. Returns how many, or a code.
 */
export function sequences(
  from: usize,
  to: usize,
  literals: usize,
  size: usize,
  target: usize,
  capacity: usize,
): i32 {
  if (!patternsMade) makePatterns();
  at = from, end = to;
  literal = literals, literalEnd = literals + size;
  out = target, limit = target + capacity;
  if (at === end) return CORRUPT;
  let count = <u32>load<u8>(at++);
  if (count >= 128) {
    const more: usize = count === 255 ? 2 : 1;
    if (end - at < more) return CORRUPT;
    count = more === 2
      ? <u32>load<u16>(at) + 0x7f00
      : (count - 128) << 8 | load<u8>(at);
    at += more;
  }
  if (count === 0) {
    if (at !== end) return CORRUPT;
  } else {
    if (at === end) return CORRUPT;
    let code = readTables(load<u8>(at++));
    if (code === OK) code = carryOut(count);
    if (code < 0) return code;
  }
  const code = rest();
  return code < 0 ? code : <i32>(out - target);
}
