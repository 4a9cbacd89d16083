/**
 * FSE tables (RFC 8878, 4.1). An entry of a table, 8 bytes:
 *
 *   0      2      3       4         8
 *   | next | bits | extra | base    |
 *
 * `next` plus eight times the number in the next `bits` bits is where in the
 * table the state goes. Here `base` is the symbol and `extra` is 0; whoever
 * uses the table may put there what the symbol stands for.
 */
import { CORRUPT } from "../errors";

/** Counts of symbols, i16 each; -1 is "less than one". */
export const COUNTS: usize = memory.data(512, 16);
/** The next state of each symbol while a table is made. */
const NEXT: usize = memory.data(512, 16);
const ENTRY_SHIFT: u32 = 3;

/** What {@linkcode readCounts} found besides the counts. */
export let symbolCount: u32 = 0;
export let tableLog: u32 = 0;

/**
 * Reads the counts at `at`; returns how many bytes they take, or a code. At
 * most `symbols` symbols and a table of `1 << log` are taken.
 */
export function readCounts(
  at: usize,
  end: usize,
  symbols: u32,
  log: u32,
): i32 {
  if (at >= end) return CORRUPT;
  let place = at << 3;
  const stop = end << 3;
  tableLog = (<u32>load<u8>(at) & 15) + 5;
  if (tableLog > log) return CORRUPT;
  place += 4;
  // One more than what is left to give out.
  let left: i32 = (1 << tableLog) + 1;
  let n: u32 = 0;
  while (left > 1) {
    if (n >= symbols || place > stop) return CORRUPT;
    // A value up to `left`, where the small ones take a bit less.
    const size = 32 - clz<i32>(left);
    const half: i32 = 1 << (size - 1);
    const spare: i32 = 2 * half - 1 - left;
    const bits = <i32>(load<u32>(place >> 3) >> (<u32>place & 7));
    let value = bits & (half - 1);
    if (value < spare) {
      place += size - 1;
    } else {
      value = bits & (2 * half - 1);
      if (value >= half) value -= spare;
      place += size;
    }
    value--;
    left -= value < 0 ? 1 : value;
    store<i16>(COUNTS + (n++ << 1), <i16>value);
    if (value !== 0) continue;
    // Zero is followed by how many more are zero, in twos of bits.
    let more: u32 = 3;
    while (more === 3) {
      more = (<u32>load<u16>(place >> 3) >> (<u32>place & 7)) & 3;
      place += 2;
      if (n + more > symbols || place > stop) return CORRUPT;
      for (let i: u32 = 0; i < more; i++) store<i16>(COUNTS + (n++ << 1), 0);
    }
  }
  if (place > stop) return CORRUPT;
  symbolCount = n;
  return <i32>(((place + 7) >> 3) - at);
}

/** Gives symbols their places, the rare ones at the end. */
function spread(table: usize, log: u32, symbols: u32): void {
  const size: u32 = 1 << log, mask = size - 1;
  let high = mask;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<i16>(COUNTS + (symbol << 1));
    store<u16>(NEXT + (symbol << 1), count < 0 ? 1 : <u16>count);
    if (count < 0) {
      store<u32>(table + (high-- << ENTRY_SHIFT), symbol, 4);
    }
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let place: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = <i32>load<i16>(COUNTS + (symbol << 1));
    for (let i = 0; i < count; i++) {
      store<u32>(table + (place << ENTRY_SHIFT), symbol, 4);
      do {
        place = (place + step) & mask;
      } while (place > high);
    }
  }
}

/** Makes the table of the first `symbols` of {@linkcode COUNTS}. */
export function makeTable(table: usize, log: u32, symbols: u32): void {
  spread(table, log, symbols);
  const size: u32 = 1 << log;
  for (let state: u32 = 0; state < size; state++) {
    const entry = table + (state << ENTRY_SHIFT);
    const next = NEXT + (load<u32>(entry, 4) << 1);
    const reached = <u32>load<u16>(next);
    store<u16>(next, <u16>(reached + 1));
    const bits = log - (31 - clz<u32>(reached));
    store<u16>(entry, <u16>(((reached << bits) - size) << ENTRY_SHIFT));
    store<u16>(entry, <u16>bits, 2);
  }
}

/** A table of one state that always is `symbol` and takes no bits. */
export function makeConstant(table: usize, symbol: u32): void {
  store<u64>(table, <u64>symbol << 32);
}
