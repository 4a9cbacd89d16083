/**
 * CRC-32 (ISO-HDLC, as in gzip) and CRC-32C (Castagnoli), sixteen bytes a
 * step ("slicing by 16"): the step waits for one table look-up instead of
 * sixteen, so it is bound by loads, not by their latency.
 *
 * State, 4 bytes each: the register, complemented.
 */

const POLY_CRC32: u32 = 0xedb88320;
const POLY_CRC32C: u32 = 0x82f63b78;

export const STATE_SIZE: u32 = 4;
export const CRC32: usize = memory.data(4, 16);
export const CRC32C: usize = memory.data(4, 16);

/** Sixteen tables of 256 words each, made on first use. */
const TABLES_CRC32: usize = memory.data(16384, 64);
const TABLES_CRC32C: usize = memory.data(16384, 64);

function makeTables(tables: usize, poly: u32): void {
  // Entry 1 is never 0 in a table that has been made.
  if (load<u32>(tables, 4) !== 0) return;
  for (let i: u32 = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (poly & (0 - (crc & 1)));
    }
    store<u32>(tables + (i << 2), crc);
  }
  for (let i: u32 = 256; i < 4096; i++) {
    const before = load<u32>(tables + ((i - 256) << 2));
    const next = load<u32>(tables + ((before & 255) << 2));
    store<u32>(tables + (i << 2), (before >>> 8) ^ next);
  }
}

export function initCrc32(): void {
  makeTables(TABLES_CRC32, POLY_CRC32);
  store<u32>(CRC32, 0xffffffff);
}

export function initCrc32c(): void {
  makeTables(TABLES_CRC32C, POLY_CRC32C);
  store<u32>(CRC32C, 0xffffffff);
}

// @ts-ignore: decorator
@inline
function entry(table: usize, word: u32, shift: u32): u32 {
  return load<u32>(table + ((((word >>> shift) & 255) as usize) << 2));
}

/** The tables of one word of four bytes, `t` that of its last byte. */
// @ts-ignore: decorator
@inline
function fold(t: usize, word: u32): u32 {
  return (entry(t + 3072, word, 0) ^ entry(t + 2048, word, 8)) ^
    (entry(t + 1024, word, 16) ^ entry(t, word, 24));
}

// @ts-ignore: decorator
@inline
function run(tables: usize, crc: u32, at: usize, size: u32): u32 {
  const end = at + size;
  for (; at + 16 <= end; at += 16) {
    crc = fold(tables + 12288, load<u32>(at) ^ crc) ^
      (fold(tables + 8192, load<u32>(at, 4)) ^
        (fold(tables + 4096, load<u32>(at, 8)) ^
          fold(tables, load<u32>(at, 12))));
  }
  for (; at < end; at++) {
    crc = entry(tables, crc ^ load<u8>(at), 0) ^ (crc >>> 8);
  }
  return crc;
}

export function updateCrc32(at: usize, size: u32): void {
  store<u32>(CRC32, run(TABLES_CRC32, load<u32>(CRC32), at, size));
}

export function updateCrc32c(at: usize, size: u32): void {
  store<u32>(CRC32C, run(TABLES_CRC32C, load<u32>(CRC32C), at, size));
}

/** CRC-32 of the bytes from `at` up to `end`, beside whatever is under way. */
export function crc32(at: usize, end: usize): u32 {
  makeTables(TABLES_CRC32, POLY_CRC32);
  return ~run(TABLES_CRC32, ~0, at, <u32>(end - at));
}

/** Writes 4 bytes, big-endian, to `out`. */
export function final(state: usize, out: usize): u32 {
  store<u32>(out, bswap<u32>(~load<u32>(state)));
  return 4;
}
