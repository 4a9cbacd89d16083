/**
 * The .xz format (xz-file-format.txt 1.1.0), one stream, as strict as liblzma;
 * with blocks of LZMA2 alone or behind the x86 filter.
 *
 *   stream   header 12 | block ... | index | footer 12
 *   header   FD '7zXZ' 00 | 00 check | CRC-32 of the two
 *   block    size/4-1 | flags | [packed size] [size] | filters | 0... | CRC-32
 *            LZMA2 chunks | 0... | check
 *   index    00 | count | (unpadded size, size) ... | 0... | CRC-32
 *   footer   CRC-32 | index size/4-1, 4 | 00 check | 'YZ'
 *
 * Sizes in block and index are of seven bits a byte, lowest first.
 */
import { CODEC_IN, CODEC_OUT } from "../memory";
import { CORRUPT, OK, TOO_LARGE, TRUNCATED, UNSUPPORTED } from "../errors";
import { crc32 } from "../hash/crc";
import { crc64 } from "../hash/crc64";
import * as sha256 from "../hash/sha256";
import { unfilterX86 } from "./bcj";
import { decodeChunk, resetState, setDictionary, setProperties } from "./lzma";

const EDGE_SIZE: usize = 12;
/** FD 37 7A 58 5A 00 and the first flag byte, 00. */
const MAGIC: u64 = 0x00_00_5a_58_7a_37_fd;
const MAGIC_MASK: u64 = 0x00_ff_ff_ff_ff_ff_ff;
const FOOTER_MAGIC: u32 = 0x5a59;

const CHECK_NONE: u32 = 0;
const CHECK_CRC32: u32 = 1;
const CHECK_CRC64: u32 = 4;
const CHECK_SHA256: u32 = 10;

const FILTER_X86: u64 = 4;
const FILTER_LZMA2: u64 = 0x21;

/** What the index must say of each block: two words. */
const BLOCKS_MAX: usize = 4096;
const BLOCKS: usize = memory.data(32_768, 8);
/** The state of SHA-256, which belongs to whoever is using it. */
const SAVED: usize = memory.data(104, 16);
const DIGEST: usize = memory.data(32, 16);

/** Where the input is read and ends, where output is written and must end. */
let at: usize = 0;
let end: usize = 0;
let out: usize = 0;
let limit: usize = 0;

/** Of the block under way: a size that is not said is u64.MAX_VALUE. */
let packedSize: u64 = 0;
let plainSize: u64 = 0;
let dictionaryBits: u32 = 0;
let isX86: bool = false;
let x86Start: u32 = 0;

/** What {@linkcode takeSize} returns in place of a size. */
const NO_SIZE: u64 = u64.MAX_VALUE;
const MORE_SIZE: u64 = u64.MAX_VALUE - 1;

/** A size of seven bits a byte, at most nine, that ends before `stop`. */
function takeSize(stop: usize): u64 {
  let size: u64 = 0;
  for (let shift: u64 = 0; shift < 63; shift += 7) {
    if (at >= stop) return MORE_SIZE;
    const byte = load<u8>(at++);
    size |= <u64>(byte & 127) << shift;
    if (byte < 128) return byte === 0 && shift > 0 ? NO_SIZE : size;
  }
  return NO_SIZE;
}

/** All bytes up to `stop` are 0. */
function takeZeros(stop: usize): bool {
  while (at < stop) if (load<u8>(at++) !== 0) return false;
  return true;
}

function checkSize(check: u32): i32 {
  switch (check) {
    case CHECK_NONE: return 0;
    case CHECK_CRC32: return 4;
    case CHECK_CRC64: return 8;
    case CHECK_SHA256: return 32;
    default: return UNSUPPORTED;
  }
}

/** Whether the check at `at` is that of the bytes from `from` up to `out`. */
function isRight(check: u32, from: usize): bool {
  switch (check) {
    case CHECK_CRC32: return load<u32>(at) === crc32(from, out);
    case CHECK_CRC64: return load<u64>(at) === crc64(from, out);
    case CHECK_SHA256: {
      memory.copy(SAVED, sha256.STATE, sha256.STATE_SIZE);
      sha256.init();
      sha256.update(from, <u32>(out - from));
      sha256.final(DIGEST);
      memory.copy(sha256.STATE, SAVED, sha256.STATE_SIZE);
      return memory.compare(DIGEST, at, 32) === 0;
    }
    default: return true;
  }
}

/** The filters of a block: LZMA2 is last. */
function filters(count: u32, stop: usize): i32 {
  isX86 = false;
  x86Start = 0;
  for (let i: u32 = 0; i < count; i++) {
    const id = takeSize(stop), size = takeSize(stop);
    if (id >= <u64>1 << 62 || size > stop - at) return CORRUPT;
    if (id === FILTER_LZMA2 && i === count - 1) {
      if (size !== 1) return UNSUPPORTED;
      dictionaryBits = load<u8>(at++);
      if (dictionaryBits > 40) return UNSUPPORTED;
    } else if (id === FILTER_X86 && i === 0 && count === 2) {
      if (size !== 0 && size !== 4) return UNSUPPORTED;
      isX86 = true;
      if (size === 4) x86Start = load<u32>(at);
      at += <usize>size;
    } else {
      return UNSUPPORTED;
    }
  }
  return OK;
}

function blockHeader(): i32 {
  const size = (<usize>load<u8>(at) + 1) << 2;
  if (size > end - at) return TRUNCATED;
  const stop = at + size - 4;
  if (load<u32>(stop) !== crc32(at, stop)) return CORRUPT;
  const flags = <u32>load<u8>(at, 1);
  if (flags & 0x3c) return UNSUPPORTED;
  at += 2;
  packedSize = flags & 0x40 ? takeSize(stop) : NO_SIZE;
  if (flags & 0x40 && (packedSize === 0 || packedSize >= MORE_SIZE)) {
    return CORRUPT;
  }
  plainSize = flags & 0x80 ? takeSize(stop) : NO_SIZE;
  if (flags & 0x80 && plainSize >= MORE_SIZE) return CORRUPT;
  const code = filters((flags & 3) + 1, stop);
  if (code < 0) return code;
  if (!takeZeros(stop)) return UNSUPPORTED;
  at += 4;
  return OK;
}

/** 4 KiB, 6 KiB, 8 KiB ... 3 GiB, and one byte less than 4 GiB. */
function dictionarySize(bits: u32): u32 {
  if (bits === 40) return u32.MAX_VALUE;
  return (2 | (bits & 1)) << (bits / 2 + 11);
}

/**
 * LZMA2: chunks that begin with what they are, and a 0.
 *
 *   01, 02    size-1, 2 | bytes            01 empties the dictionary first
 *   80 to FF  size-1, 2 | packed-1, 2 | [properties] | bytes
 *             bits 0-4: bits 16-20 of size-1; bits 5-6: 0 go on, 1 reset the
 *             state, 2 and take properties, 3 and empty the dictionary
 */
function chunks(): i32 {
  const far = dictionarySize(dictionaryBits);
  let needsDictionary = true, needsProperties = true;
  while (true) {
    if (at >= end) return TRUNCATED;
    const control = <u32>load<u8>(at);
    if (control === 0) {
      at++;
      return OK;
    }
    if (control > 2 && control < 0x80) return CORRUPT;
    if (control === 1 || control >= 0xe0) {
      setDictionary(out, far);
      needsDictionary = false;
      needsProperties = true;
    }
    if (needsDictionary) return CORRUPT;
    const isPacked = control >= 0x80;
    const head: usize = control >= 0xc0 ? 6 : isPacked ? 5 : 3;
    if (head > end - at) return TRUNCATED;
    let size = <usize>bswap<u16>(load<u16>(at, 1)) + 1;
    const packed = isPacked ? <usize>bswap<u16>(load<u16>(at, 3)) + 1 : size;
    if (isPacked) size += <usize>(control & 0x1f) << 16;
    if (control >= 0xc0) {
      if (!setProperties(load<u8>(at, 5))) return CORRUPT;
      needsProperties = false;
    }
    at += head;
    if (isPacked && needsProperties) return CORRUPT;
    if (packed > end - at) return TRUNCATED;
    if (size > limit - out) return TOO_LARGE;
    if (control >= 0xa0) resetState();
    if (!isPacked) {
      memory.copy(out, at, size);
    } else {
      const code = decodeChunk(at, at + packed, out, out + size);
      if (code < 0) return code;
    }
    at += packed;
    out += size;
  }
}

/** One block, the `n`th. */
function block(n: usize, check: u32): i32 {
  if (n === BLOCKS_MAX) return TOO_LARGE;
  const start = at, from = out;
  let code = blockHeader();
  if (code < 0) return code;
  const first = at;
  code = chunks();
  if (code < 0) return code;
  const packed = at - first, plain = out - from;
  if (packedSize !== NO_SIZE && packedSize !== packed) return CORRUPT;
  if (plainSize !== NO_SIZE && plainSize !== plain) return CORRUPT;
  if (isX86) unfilterX86(from, out, x86Start);
  const size = checkSize(check);
  // Headers are of whole words, so that what is padded is the chunks.
  const padding: usize = (4 - (packed & 3)) & 3;
  if (padding + size > end - at) return TRUNCATED;
  if (!takeZeros(at + padding)) return CORRUPT;
  if (!isRight(check, from)) return CORRUPT;
  const record = BLOCKS + (n << 3);
  store<u32>(record, at - padding + size - start);
  store<u32>(record, plain, 4);
  at += size;
  return OK;
}

/** The index, which must be of the `n` blocks that were read. */
function index(n: usize): i32 {
  const start = at++;
  const count = takeSize(end);
  if (count !== n) return count === MORE_SIZE ? TRUNCATED : CORRUPT;
  for (let i: usize = 0; i < n; i++) {
    const record = BLOCKS + (i << 3);
    const unpadded = takeSize(end), plain = takeSize(end);
    if (unpadded === MORE_SIZE || plain === MORE_SIZE) return TRUNCATED;
    if (unpadded !== load<u32>(record)) return CORRUPT;
    if (plain !== load<u32>(record, 4)) return CORRUPT;
  }
  const padding: usize = (4 - ((at - start) & 3)) & 3;
  if (padding + 4 > end - at) return TRUNCATED;
  if (!takeZeros(at + padding)) return CORRUPT;
  if (load<u32>(at) !== crc32(start, at)) return CORRUPT;
  at += 4;
  return OK;
}

/** An .xz stream; returns the size of the output. */
export function xz(size: u32, capacity: u32): i32 {
  at = CODEC_IN;
  end = at + size;
  out = CODEC_OUT;
  limit = out + capacity;
  if (size < <u32>EDGE_SIZE) return TRUNCATED;
  if ((load<u64>(at) & MAGIC_MASK) !== MAGIC) return CORRUPT;
  const flags = <u32>load<u16>(at, 6);
  if (load<u32>(at, 8) !== crc32(at + 6, at + 8)) return CORRUPT;
  if (flags & 0xf0ff) return UNSUPPORTED;
  const check = flags >> 8;
  if (checkSize(check) < 0) return UNSUPPORTED;
  at += EDGE_SIZE;
  let count: usize = 0;
  while (true) {
    if (at >= end) return TRUNCATED;
    if (load<u8>(at) === 0) break;
    const code = block(count++, check);
    if (code < 0) return code;
  }
  const start = at;
  const code = index(count);
  if (code < 0) return code;
  const indexSize = at - start;
  if (EDGE_SIZE > end - at) return TRUNCATED;
  if (load<u16>(at, 10) !== FOOTER_MAGIC) return CORRUPT;
  if (load<u32>(at) !== crc32(at + 4, at + 10)) return CORRUPT;
  if (load<u32>(at, 4) !== <u32>(indexSize >> 2) - 1) return CORRUPT;
  if (load<u16>(at, 8) !== flags) return CORRUPT;
  return at + EDGE_SIZE === end ? <i32>(out - CODEC_OUT) : CORRUPT;
}
