/**
 * Zstandard (RFC 8878): one frame without a dictionary, as SquashFS holds.
 *
 *   magic 4 | descriptor 1 | window 0-1 | dictionary 0-4 | size 0-8
 *   blocks: last 1 bit, kind 2, size 21 | bytes
 *   XXH64, low 4 bytes, if the descriptor says so
 *
 * Skippable frames are not read, and nothing may follow the frame. The window
 * is only a limit of blocks here: the whole output is at hand.
 */
import { CODEC_IN, CODEC_OUT } from "../memory";
import { CORRUPT, OK, TOO_LARGE, TRUNCATED, UNSUPPORTED } from "../errors";
import { digestOf } from "../hash/xxh64";
import { fourStreams, oneStream, readCodes } from "./zstd_huffman";
import { sequences, startSequences } from "./zstd_sequences";

const MAGIC: u32 = 0xfd2fb528;
const SKIPPABLE: u32 = 0x184d2a50;
const WINDOW_MAX: u64 = 1 << 31;
const BLOCK_MAX: u64 = 0x20000;
const NO_SIZE: u64 = u64.MAX_VALUE;

/** Literals of a block that are coded. Copies may read over their end. */
const LITERALS: usize = memory.data(0x20040, 16);

const RAW: u32 = 0;
const RUN: u32 = 1;
const CODED: u32 = 2;

/** Where the input is read and ends, where the output is written. */
let at: usize = 0;
let end: usize = 0;
let out: usize = 0;
/** Of the frame: its blocks' limit, its size, its checksum, Huffman codes. */
let blockMax: usize = 0;
let contentSize: u64 = 0;
let hasChecksum: bool = false;
let hasCodes: bool = false;
/** The literals of the block. */
let literals: usize = 0;
let literalsSize: usize = 0;

/** Reads the header of the frame. */
function readHeader(): i32 {
  if (end - at < 5) return TRUNCATED;
  const magic = load<u32>(at);
  if ((magic & ~15) === SKIPPABLE) return UNSUPPORTED;
  if (magic !== MAGIC) return CORRUPT;
  const flags = <u32>load<u8>(at, 4);
  at += 5;
  if (flags & 8) return CORRUPT;
  hasChecksum = (flags & 4) !== 0;
  const single = (flags & 32) !== 0;
  const idSize: usize = (<usize>1 << (flags & 3)) >> 1;
  const sizeLog = flags >> 6;
  const sizeSize: usize = sizeLog === 0 ? <usize>single : 1 << sizeLog;
  if (end - at < <usize>!single + idSize + sizeSize) return TRUNCATED;
  let window: u64 = 0;
  if (!single) {
    const log: u32 = 10 + <u32>(load<u8>(at) >> 3);
    window = (<u64>1 << log) + (<u64>(load<u8>(at) & 7) << (log - 3));
    if (window > WINDOW_MAX) return UNSUPPORTED;
    at++;
  }
  for (let i: usize = 0; i < idSize; i++) {
    if (load<u8>(at++) !== 0) return UNSUPPORTED;
  }
  contentSize = NO_SIZE;
  if (sizeSize > 0) {
    // Bytes after the field are in the buffer or beyond it, in memory.
    contentSize = load<u64>(at) & (u64.MAX_VALUE >> (64 - 8 * sizeSize));
    if (sizeSize === 2) contentSize += 256;
    at += sizeSize;
  }
  blockMax = <usize>min<u64>(BLOCK_MAX, single ? contentSize : window);
  return OK;
}

/** Literals by Huffman codes, of this block or the one before. */
function codedLiterals(stop: usize, fresh: bool): i32 {
  if (stop - at < 3) return CORRUPT;
  const format = (load<u8>(at) >> 2) & 3;
  const headSize: usize = format < 2 ? 3 : <usize>format + 2;
  const sizeBits: u64 = format < 2 ? 10 : format === 2 ? 14 : 18;
  const mask: u64 = (<u64>1 << sizeBits) - 1;
  const head = load<u64>(at) >> 4;
  const packed = <usize>(head >> sizeBits & mask);
  literalsSize = <usize>(head & mask);
  literals = LITERALS;
  if (stop - at < headSize || packed > stop - at - headSize) return CORRUPT;
  if (literalsSize > blockMax) return CORRUPT;
  at += headSize;
  const last = at + packed;
  if (fresh) {
    const size = readCodes(at, last);
    if (size < 0) return size;
    at += size;
    hasCodes = true;
  } else if (!hasCodes) {
    return CORRUPT;
  }
  const code = format === 0
    ? oneStream(at, last, literals, literalsSize)
    : fourStreams(at, last, literals, literalsSize);
  at = last;
  return code;
}

/** Literals as they are, or one of them many times. */
function plainLiterals(stop: usize, kind: u32): i32 {
  const format = (load<u8>(at) >> 2) & 3;
  const headSize: usize = format === 1 ? 2 : format === 3 ? 3 : 1;
  if (stop - at < headSize) return CORRUPT;
  const head = <usize>load<u32>(at);
  literalsSize = format === 1
    ? (head >> 4) & 0xfff
    : format === 3
    ? (head >> 4) & 0xfffff
    : (head >> 3) & 0x1f;
  at += headSize;
  if (literalsSize > blockMax) return CORRUPT;
  const packed: usize = kind === RUN ? 1 : literalsSize;
  if (packed > stop - at) return CORRUPT;
  literals = kind === RUN ? LITERALS : at;
  if (kind === RUN) memory.fill(LITERALS, load<u8>(at), literalsSize);
  at += packed;
  return OK;
}

/** A block of literals and sequences up to `stop`; returns its size. */
function codedBlock(stop: usize, capacity: usize): i32 {
  if (at === stop) return CORRUPT;
  const kind = <u32>load<u8>(at) & 3;
  const code = kind < CODED
    ? plainLiterals(stop, kind)
    : codedLiterals(stop, kind === CODED);
  if (code < 0) return code;
  return sequences(at, stop, literals, literalsSize, out, capacity);
}

/** One block; returns 1 after the last one, 0 before, or a code. */
function block(limit: usize): i32 {
  if (end - at < 3) return TRUNCATED;
  const head = <u32>load<u16>(at) | <u32>load<u8>(at, 2) << 16;
  at += 3;
  const kind = (head >> 1) & 3;
  const size = <usize>(head >> 3);
  if (kind > CODED || size > blockMax) return CORRUPT;
  const packed: usize = kind === RUN ? 1 : size;
  if (packed > end - at) return TRUNCATED;
  const stop = at + packed;
  const room = limit - out;
  if (kind === CODED) {
    const made = codedBlock(stop, min<usize>(room, blockMax));
    if (made < 0) {
      return made === TOO_LARGE && room >= blockMax ? CORRUPT : made;
    }
    out += made;
  } else {
    if (size > room) return TOO_LARGE;
    if (kind === RAW) memory.copy(out, at, size);
    else memory.fill(out, load<u8>(at), size);
    out += size;
  }
  at = stop;
  return <i32>(head & 1);
}

/** Returns the size of the output. */
export function zstd(size: u32, capacity: u32): i32 {
  at = CODEC_IN, end = CODEC_IN + size, out = CODEC_OUT;
  hasCodes = false;
  startSequences();
  let code = readHeader();
  if (code < 0) return code;
  const isKnown = contentSize !== NO_SIZE;
  if (isKnown && contentSize > capacity) return TOO_LARGE;
  const limit = CODEC_OUT + (isKnown ? <usize>contentSize : capacity);
  do code = block(limit); while (code === 0);
  // More than the header says is not what the caller's limit is about.
  if (code < 0) return code === TOO_LARGE && isKnown ? CORRUPT : code;
  const made = out - CODEC_OUT;
  if (isKnown && made !== contentSize) return CORRUPT;
  if (hasChecksum) {
    if (end - at < 4) return TRUNCATED;
    if (load<u32>(at) !== <u32>digestOf(CODEC_OUT, <u32>made)) return CORRUPT;
    at += 4;
  }
  return at === end ? <i32>made : CORRUPT;
}
