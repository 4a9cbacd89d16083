/**
 * Listings of directories: runs of entries that share a block of inodes.
 *
 *   header  count - 1, 4 | block of the inodes, 4 | inode number, 4
 *   entry   offset 2 | number - header's, 2 | type 2 | name size - 1, 2 | name
 *
 * and the index of a large one, which follows its inode:
 *
 *   index   place in the listing 4 | its block 4 | name size - 1, 4 | name
 *
 * A listing is scanned window by window; what is known between two windows is
 * in `SCAN`, which the caller keeps.
 *
 *   0 entries left in the run 4 | 4 block 4 | 8 number 4 | 12 name size 4
 *   16 name 256
 */
import {
  directoryEnd,
  directoryTable,
  give,
  inodeCount,
  inodeTable,
  isWindow,
  METADATA_SIZE,
  u16At,
  u32At,
} from "./context";
import { SQUASHFS_IN, SQUASHFS_NAME, SQUASHFS_OUT, SQUASHFS_OUT_SIZE } from "../memory";
import { BAD_ARGUMENT, OK } from "../errors";
import * as refusal from "./refuse";
import { refuse } from "./refuse";

const HEADER: u32 = 12;
const ENTRY: u32 = 8;
const RUN_MAX: u32 = 256;
const NAME_MAX: u32 = 256;
const TYPES: u32 = 7;
const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;

const SCAN_SIZE: u32 = 272;
const SCAN: usize = memory.data(272, 16);

/** Where entries are given out, after the numbers. */
const ENTRIES: u32 = 64;
/** Of one: block 4, offset 4, inode 4, type 2, size 2, name at 4. */
const RECORD: u32 = 20;

export function squashfsScanPointer(): usize {
  return SCAN;
}

export function squashfsScanSize(): u32 {
  return SCAN_SIZE;
}

/** Below 0, 0 or above 0, as `a` is before, equal to or after `b`. */
function compare(a: usize, aSize: u32, b: usize, bSize: u32): i32 {
  const shared = min<u32>(aSize, bSize);
  for (let i: u32 = 0; i < shared; i++) {
    const difference = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    if (difference !== 0) return difference;
  }
  return <i32>aSize - <i32>bSize;
}

/** A name that cannot be one: a slash, NUL, "." or "..". */
function isBad(name: usize, size: u32): bool {
  if (load<u8>(name) === DOT) {
    if (size === 1) return true;
    if (size === 2 && load<u8>(name + 1) === DOT) return true;
  }
  for (let i: u32 = 0; i < size; i++) {
    const byte = load<u8>(name + i);
    if (byte === 0 || byte === SLASH) return true;
  }
  return false;
}

/** Begins a scan: nothing came before. */
export function squashfsScanStart(): void {
  memory.fill(SCAN, 0, SCAN_SIZE);
}

/** Reads the header of a run at `at` into `SCAN`. */
function header(at: u32): i32 {
  const count = u32At(at) + 1, block = u32At(at + 4);
  if (count === 0 || count > RUN_MAX) return refuse(refusal.BAD_ENTRY_COUNT, at);
  if (<f64>block >= directoryTable() - inodeTable()) {
    return refuse(refusal.BAD_REFERENCE, at + 4);
  }
  store<u32>(SCAN, count);
  store<u32>(SCAN, block, 4);
  store<u32>(SCAN, u32At(at + 8), 8);
  return OK;
}

/** Checks the entry at `at`, all of which is in the window. */
function entry(at: u32, size: u32): i32 {
  const name = SQUASHFS_IN + at + ENTRY;
  if (u16At(at) >= METADATA_SIZE) return refuse(refusal.BAD_OFFSET, at);
  const ino = <i64>load<u32>(SCAN, 8) + load<i16>(SQUASHFS_IN + at + 2);
  if (ino < 1 || ino > <i64>inodeCount()) {
    return refuse(refusal.BAD_INODE_NUMBER, at + 2);
  }
  const type = u16At(at + 4);
  if (type < 1 || type > TYPES) return refuse(refusal.BAD_ENTRY_TYPE, at + 4);
  if (isBad(name, size)) return refuse(refusal.BAD_NAME, at + ENTRY);
  const before = load<u32>(SCAN, 12);
  if (before > 0 && compare(SCAN + 16, before, name, size) >= 0) {
    return refuse(refusal.UNSORTED, at + ENTRY);
  }
  store<u32>(SCAN, load<u32>(SCAN) - 1);
  store<u32>(SCAN, size, 12);
  memory.copy(SCAN + 16, name, size);
  return OK;
}

/** The reference of the entry at `at`, as numbers or in a record. */
function record(out: usize, at: u32, size: u32): void {
  store<u32>(out, load<u32>(SCAN, 4));
  store<u32>(out, u16At(at), 4);
  store<u32>(out, load<u32>(SCAN, 8) + load<i16>(SQUASHFS_IN + at + 2), 8);
  store<u16>(out, u16At(at + 4), 12);
  store<u16>(out, size, 14);
  store<u32>(out, at + ENTRY, 16);
}

/**
 * Scans a listing from `at` of a window of `size` bytes, of which `left` and
 * not more belong to it. With `wanted` > 0 it looks for the name of that size
 * in `SQUASHFS_NAME`, otherwise it gives out every entry. Gives out where it
 * stopped, how many entries there are, and whether there is no need to go on:
 * the name was found, or one that is after it.
 */
export function squashfsScan(at: u32, size: u32, left: f64, wanted: u32): i32 {
  if (!isWindow(at, size) || wanted > NAME_MAX) return BAD_ARGUMENT;
  const whole = <f64>(size - at) >= left;
  const end: u32 = whole ? at + <u32>left : size;
  let out: u32 = ENTRIES, count: u32 = 0;
  give(2, 0);
  while (at < end) {
    if (load<u32>(SCAN) === 0) {
      if (at + HEADER > end) break;
      const code = header(at);
      if (code !== OK) return code;
      at += HEADER;
      // A header without its entries.
      if (at === end && whole) return refuse(refusal.BAD_DIRECTORY_SIZE, at);
      continue;
    }
    if (at + ENTRY > end) break;
    const name = u16At(at + 6) + 1;
    if (name > NAME_MAX) return refuse(refusal.LONG_NAME, at + 6);
    if (at + ENTRY + name > end) break;
    if (out + RECORD > SQUASHFS_OUT_SIZE) {
      give(0, at);
      give(1, count);
      return OK;
    }
    const code = entry(at, name);
    if (code !== OK) return code;
    if (wanted > 0) {
      const order = compare(SQUASHFS_IN + at + ENTRY, name, SQUASHFS_NAME, wanted);
      if (order === 0) {
        record(SQUASHFS_OUT + ENTRIES, at, name);
        count = 1;
      }
      if (order >= 0) {
        give(0, at);
        give(1, count);
        give(2, 1);
        return OK;
      }
    } else {
      record(SQUASHFS_OUT + out, at, name);
      out += RECORD;
      count++;
    }
    at += ENTRY + name;
  }
  if (whole && (at < end || load<u32>(SCAN) > 0)) {
    return refuse(refusal.BAD_DIRECTORY_SIZE, at);
  }
  give(0, at);
  give(1, count);
  return OK;
}

/**
 * Scans at most `left` entries of an index from `at` of a window of `size`
 * bytes, for the last whose name is not after the `wanted` bytes in
 * `SQUASHFS_NAME`; the listing has `listing` bytes. Gives out where it
 * stopped, how many entries are left, the place of the last good one in the
 * listing and its block (-1: none), and whether the search is over. `SCAN`
 * holds the last name, and its place in the first field.
 */
export function squashfsIndex(
  at: u32,
  size: u32,
  left: u32,
  wanted: u32,
  listing: f64,
): i32 {
  if (!isWindow(at, size) || wanted > NAME_MAX) return BAD_ARGUMENT;
  give(2, -1);
  give(3, 0);
  give(4, 0);
  while (left > 0) {
    if (at + HEADER > size) break;
    const place = u32At(at), block = u32At(at + 4), length = u32At(at + 8) + 1;
    if (length === 0 || length > NAME_MAX) return refuse(refusal.LONG_NAME, at + 8);
    if (at + HEADER + length > size) break;
    const name = SQUASHFS_IN + at + HEADER, before = load<u32>(SCAN, 12);
    if (<f64>place >= listing || before > 0 && place <= load<u32>(SCAN)) {
      return refuse(refusal.BAD_INDEX, at);
    }
    if (<f64>block >= directoryEnd() - directoryTable()) {
      return refuse(refusal.BAD_REFERENCE, at + 4);
    }
    if (isBad(name, length)) return refuse(refusal.BAD_NAME, at + HEADER);
    if (before > 0 && compare(SCAN + 16, before, name, length) >= 0) {
      return refuse(refusal.UNSORTED, at + HEADER);
    }
    store<u32>(SCAN, place);
    store<u32>(SCAN, length, 12);
    memory.copy(SCAN + 16, name, length);
    if (compare(name, length, SQUASHFS_NAME, wanted) > 0) {
      give(4, 1);
      break;
    }
    give(2, place);
    give(3, block);
    at += HEADER + length;
    left--;
  }
  give(0, at);
  give(1, left);
  if (left === 0) give(4, 1);
  return OK;
}
