/**
 * The tables beside inodes and directories: each is a list of 8-byte places
 * of metadata blocks, which hold its records.
 *
 *   fragment   place 8 | stored size 4 | unused 4
 *   export     reference to an inode 8
 *   id         number 4
 *   xattr id   reference to a list 8 | count 4 | size 4
 */
import {
  CODEC_IN,
  CODEC_OUT,
  SQUASHFS_IN,
  SQUASHFS_IN_SIZE,
  SQUASHFS_OUT_SIZE,
} from "../memory";
import { BAD_ARGUMENT, OK } from "../errors";
import {
  blockSize,
  bytesUsed,
  CONTEXT,
  directoryEnd,
  directoryTable,
  give,
  inodeTable,
  inWindow,
  isWindow,
  METADATA_SIZE,
  u16At,
  u32At,
  u64At,
  xattrCount,
  xattrTable,
} from "./context";
import * as refusal from "./refuse";
import { refuse } from "./refuse";
import { unpackedMax } from "./superblock";

const PLAIN: u32 = 0x8000;
const HEADER: u32 = 2;

/**
 * Takes the metadata block at the start of a window of `size` bytes to the
 * input of the codecs and returns its size there; or, if it is plain, to their
 * output, and returns 0. Gives out its size when stored and when plain.
 */
export function metadataBlock(size: u32): i32 {
  if (size < HEADER || size > SQUASHFS_IN_SIZE) {
    return refuse(refusal.BAD_METADATA_SIZE, 0);
  }
  const word = u16At(0), stored = word & ~PLAIN;
  if (stored === 0 || stored > METADATA_SIZE || stored > size - HEADER) {
    return refuse(refusal.BAD_METADATA_SIZE, 0);
  }
  const plain = (word & PLAIN) !== 0;
  give(0, HEADER + stored);
  give(1, stored);
  memory.copy(plain ? CODEC_OUT : CODEC_IN, SQUASHFS_IN + HEADER, stored);
  return plain ? 0 : stored;
}

/**
 * Checks `count` places in the window of blocks that are before `end`; the
 * first is that of the table when `first` is set, and directories end there.
 */
export function squashfsPlaces(count: u32, end: f64, first: bool): i32 {
  if (count > SQUASHFS_OUT_SIZE >> 3 || !inWindow(0, count << 3)) {
    return BAD_ARGUMENT;
  }
  let before: f64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const place = u64At(i << 3);
    if (<f64>place < directoryTable() || <f64>place >= end || <f64>place <= before) {
      return refuse(refusal.BAD_REFERENCE, i << 3);
    }
    before = <f64>place;
    give(i, before);
  }
  if (first && count > 0) {
    const start = <f64>u64At(0);
    if (start < directoryEnd()) store<f64>(CONTEXT, start, 24);
  }
  return OK;
}

/** A fragment: gives out its place, its stored size, whether it is plain. */
export function squashfsFragment(at: u32): i32 {
  if (!inWindow(at, 16)) return BAD_ARGUMENT;
  const place = u64At(at), word = u32At(at + 8), stored = word & 0xffffff;
  if (word >> 25 || stored === 0 || stored > blockSize()) {
    return refuse(refusal.BAD_STORED_SIZE, at + 8);
  }
  if (<f64>place + <f64>stored > bytesUsed()) {
    return refuse(refusal.BAD_REFERENCE, at);
  }
  give(0, <f64>place);
  give(1, stored);
  give(2, word >> 24);
  return OK;
}

/** A reference to an inode: gives out its block and its offset there. */
export function squashfsReference(at: u32): i32 {
  if (!inWindow(at, 8)) return BAD_ARGUMENT;
  const reference = u64At(at);
  if (<f64>(reference >> 16) >= directoryTable() - inodeTable()) {
    return refuse(refusal.BAD_REFERENCE, at);
  }
  if ((reference & 0xffff) >= METADATA_SIZE) {
    return refuse(refusal.BAD_OFFSET, at);
  }
  give(0, <f64>(reference >> 16));
  give(1, <f64>(reference & 0xffff));
  return OK;
}

/**
 * The 16 bytes before the places of attributes, themselves at `start` in the
 * image: table 8 | count 4 | unused 4. Gives out both.
 */
export function squashfsXattrTable(start: f64): i32 {
  const table = u64At(0), count = u32At(8);
  if (count === 0) {
    give(0, 0);
    give(1, 0);
    return OK;
  }
  if (<f64>table < directoryTable() || <f64>table >= start) {
    return refuse(refusal.BAD_REFERENCE, 0);
  }
  const room = unpackedMax(<u64>start - table);
  if (count > room >> 4) return refuse(refusal.BAD_COUNT, 8);
  store<f64>(CONTEXT, <f64>table, 32);
  store<u32>(CONTEXT, count, 48);
  give(0, <f64>table);
  give(1, count);
  return OK;
}

const XATTR_TOTAL_MAX: u32 = 1 << 20;
const XATTR_LIST_MAX: u32 = 65536;
const XATTR_VALUE_MAX: u32 = 65536;
const XATTR_NAME_MAX: u32 = 255;
const XATTR_PREFIXES: u32 = 3;
const OUT_OF_LINE: u32 = 0x100;
/** The smallest attribute: type, name size and a letter, value size. */
const XATTR_MIN: u32 = 9;

/** A reference into the table of attributes, `room` bytes. */
function xattrReference(at: u32, end: f64): i32 {
  const reference = u64At(at);
  if (<f64>(reference >> 16) >= end - xattrTable()) {
    return refuse(refusal.BAD_REFERENCE, at);
  }
  if ((reference & 0xffff) >= METADATA_SIZE) {
    return refuse(refusal.BAD_OFFSET, at);
  }
  return OK;
}

/**
 * The attributes of an inode, in a table that ends at `end`. Gives out block,
 * offset, and how many there are.
 */
export function squashfsXattrId(at: u32, end: f64): i32 {
  if (!inWindow(at, 16)) return BAD_ARGUMENT;
  const code = xattrReference(at, end);
  if (code !== OK) return code;
  const count = u32At(at + 8), size = u32At(at + 12);
  // Of names and values, those that are shared included.
  if (size > XATTR_TOTAL_MAX) return refuse(refusal.LONG_XATTR, at + 12);
  if (count === 0 || count > XATTR_LIST_MAX / XATTR_MIN) {
    return refuse(refusal.BAD_XATTR_COUNT, at + 8);
  }
  const reference = u64At(at);
  give(0, <f64>(reference >> 16));
  give(1, <f64>(reference & 0xffff));
  give(2, count);
  return OK;
}

/**
 * One attribute at `at` of a window of `size` bytes:
 *
 *   type 2 | name size 2 | name | value size 4 | value, or its reference 8
 *
 * Gives out prefix, where the name begins, its size, where the value begins,
 * its size, and block and offset of a value elsewhere (-1: it is here).
 */
export function squashfsXattr(at: u32, size: u32, end: f64): i32 {
  if (!isWindow(at, size)) return BAD_ARGUMENT;
  if (at + 4 > size) return refusal.MORE;
  const type = u16At(at), name = u16At(at + 2);
  if ((type & 0xff) >= XATTR_PREFIXES || type & ~(OUT_OF_LINE | 0xff)) {
    return refuse(refusal.BAD_XATTR_TYPE, at);
  }
  if (name === 0) return refuse(refusal.BAD_XATTR_NAME, at + 2);
  if (name > XATTR_NAME_MAX) return refuse(refusal.LONG_XATTR, at + 2);
  const value = at + 4 + name;
  if (value + 4 > size) return refusal.MORE;
  for (let i = at + 4; i < value; i++) {
    if (load<u8>(SQUASHFS_IN + i) === 0) return refuse(refusal.BAD_XATTR_NAME, i);
  }
  const length = u32At(value);
  if (length > XATTR_VALUE_MAX) return refuse(refusal.LONG_XATTR, value);
  give(0, type & 0xff);
  give(1, at + 4);
  give(2, name);
  give(3, value + 4);
  give(4, length);
  give(5, -1);
  if ((type & OUT_OF_LINE) === 0) return OK;
  if (length !== 8) return refuse(refusal.BAD_XATTR_REFERENCE, value);
  if (value + 12 > size) return refusal.MORE;
  const code = xattrReference(value + 4, end);
  if (code !== OK) return code;
  const reference = u64At(value + 4);
  give(5, <f64>(reference >> 16));
  give(6, <f64>(reference & 0xffff));
  return OK;
}

/** The size of a value elsewhere, checked; `at` is in the window. */
export function squashfsXattrSize(at: u32): i32 {
  if (!inWindow(at, 4)) return BAD_ARGUMENT;
  const length = u32At(at);
  if (length > XATTR_VALUE_MAX) return refuse(refusal.LONG_XATTR, at);
  return <i32>length;
}
