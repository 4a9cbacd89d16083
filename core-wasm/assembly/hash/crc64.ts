/** CRC-64 (ECMA-182, reflected, as in xz), eight bytes a step, one-shot. */

const POLY: u64 = 0xc96c5795d7870f42;

/** Eight tables of 256 words each, made on first use. */
const TABLES: usize = memory.data(16384, 64);

function makeTables(): void {
  // Entry 1 is never 0 in a table that has been made.
  if (load<u64>(TABLES, 8) !== 0) return;
  for (let i: u32 = 0; i < 256; i++) {
    let crc: u64 = i;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (POLY & (0 - (crc & 1)));
    }
    store<u64>(TABLES + (i << 3), crc);
  }
  for (let i: u32 = 256; i < 2048; i++) {
    const before = load<u64>(TABLES + ((i - 256) << 3));
    const next = load<u64>(TABLES + ((<usize>before & 255) << 3));
    store<u64>(TABLES + (i << 3), (before >>> 8) ^ next);
  }
}

// @ts-ignore: decorator
@inline
function entry(table: usize, word: u64, shift: u64): u64 {
  return load<u64>(TABLES + table + (<usize>((word >>> shift) & 255) << 3));
}

/** Of the bytes from `at` up to `end`. */
export function crc64(at: usize, end: usize): u64 {
  makeTables();
  let crc: u64 = ~0;
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at) ^ crc;
    crc = entry(14336, word, 0) ^ entry(12288, word, 8) ^
      entry(10240, word, 16) ^ entry(8192, word, 24) ^
      entry(6144, word, 32) ^ entry(4096, word, 40) ^
      entry(2048, word, 48) ^ entry(0, word, 56);
  }
  for (; at < end; at++) crc = entry(0, crc ^ load<u8>(at), 0) ^ (crc >>> 8);
  return ~crc;
}
