/**
 * Inodes, all fourteen forms. All begin alike:
 *
 *   0 type 2 | 2 mode 2 | 4 uid 2 | 6 gid 2 | 8 mtime 4 | 12 number 4 | 16 ...
 *
 *   1 directory    start 4, links 4, size 2, offset 2, parent 4
 *   2 file         start 4, fragment 4, offset 4, size 4, blocks
 *   3 symlink      links 4, size 4, target
 *   4, 5 devices   links 4, device 4
 *   6, 7 pipes     links 4
 *   8 directory    links 4, size 4, start 4, parent 4, index 2, offset 2,
 *                  xattr 4, index
 *   9 file         start 8, size 8, sparse 8, links 4, fragment 4, offset 4,
 *                  xattr 4, blocks
 *   10 symlink     links 4, size 4, target, xattr 4
 *   11 to 14       as 4 to 7, xattr 4
 */
import {
  bytesUsed,
  blockSize,
  directoryEnd,
  directoryTable,
  EXACT_MAX,
  fragmentCount,
  give,
  idCount,
  inodeCount,
  inWindow,
  isWindow,
  METADATA_SIZE,
  NONE,
  u16At,
  u32At,
  u64At,
  xattrCount,
} from "./context";
import { BAD_ARGUMENT, OK } from "../errors";
import { SQUASHFS_IN } from "../memory";
import * as refusal from "./refuse";
import { refuse } from "./refuse";
import { unpackedMax } from "./superblock";

const DIRECTORY: u32 = 1;
const FILE: u32 = 2;
const SYMLINK: u32 = 3;
const CHAR_DEVICE: u32 = 5;
const TYPES: u32 = 7;
const MODE_MAX: u32 = 0o7777;
const TARGET_MAX: u32 = 4096;
/** A directory's size is that of its listing and of "." and "..". */
const DOTS: u32 = 3;

/** What is given out, by number. */
const TYPE: usize = 0, MODE: usize = 1, UID: usize = 2, GID: usize = 3;
const MTIME: usize = 4, INO: usize = 5, LINKS: usize = 6, SIZE: usize = 7;
const SPARSE: usize = 8, START: usize = 9, OFFSET: usize = 10;
const BLOCKS: usize = 11, FRAGMENT: usize = 12, INDEX: usize = 13;
const XATTR: usize = 14, USED: usize = 15, MAJOR: usize = 16, MINOR: usize = 17;
const PARENT: usize = 18;

/**
 * Decodes the inode at `at` of a window of `size` bytes; `left` is how many
 * stored bytes of the table are left from the block that it begins in. `USED`
 * is where the blocks, the target or the index begin, in the window.
 */
export function squashfsInode(at: u32, size: u32, left: f64): i32 {
  if (!isWindow(at, size)) return BAD_ARGUMENT;
  if (at + 16 > size) return refusal.MORE;
  const kind = u16At(at);
  if (kind < 1 || kind > 2 * TYPES) return refuse(refusal.BAD_INODE_TYPE, at);
  const type: u32 = kind > TYPES ? kind - TYPES : kind;
  const extended = kind > TYPES;
  if (u16At(at + 2) > MODE_MAX) return refuse(refusal.BAD_MODE, at + 2);
  if (u16At(at + 4) >= idCount()) return refuse(refusal.BAD_ID, at + 4);
  if (u16At(at + 6) >= idCount()) return refuse(refusal.BAD_ID, at + 6);
  const ino = u32At(at + 12);
  if (ino === 0 || ino > inodeCount()) {
    return refuse(refusal.BAD_INODE_NUMBER, at + 12);
  }
  give(TYPE, type);
  give(MODE, u16At(at + 2));
  give(UID, u16At(at + 4));
  give(GID, u16At(at + 6));
  give(MTIME, u32At(at + 8));
  give(INO, ino);
  for (let i = SIZE; i <= INDEX; i++) give(i, 0);
  give(FRAGMENT, -1);
  give(XATTR, -1);
  give(MAJOR, 0);
  give(MINOR, 0);
  give(PARENT, 0);
  const rest = at + 16;
  if (type === DIRECTORY) {
    return extended ? wideDirectory(rest, size) : directory(rest, size);
  }
  if (type === FILE) {
    return extended ? wideFile(rest, size, left) : file(rest, size, left);
  }
  return type === SYMLINK
    ? symlink(rest, size, extended)
    : special(rest, size, type, extended);
}

/** The index of attributes at `at`, if the image has any. */
function xattr(at: usize): i32 {
  const index = u32At(at), count = xattrCount();
  if (index === NONE || count === 0) return OK;
  if (index >= count) return refuse(refusal.BAD_XATTR_INDEX, at);
  give(XATTR, index);
  return OK;
}

function directory(at: u32, size: u32): i32 {
  if (at + 16 > size) return refusal.MORE;
  give(LINKS, u32At(at + 4));
  give(PARENT, u32At(at + 12));
  give(USED, at + 16);
  return listing(at, u32At(at), u16At(at + 8), u16At(at + 10));
}

function wideDirectory(at: u32, size: u32): i32 {
  if (at + 24 > size) return refusal.MORE;
  give(LINKS, u32At(at));
  give(PARENT, u32At(at + 12));
  give(INDEX, u16At(at + 16));
  give(USED, at + 24);
  const code = xattr(at + 20);
  if (code !== OK) return code;
  return listing(at, u32At(at + 8), u32At(at + 4), u16At(at + 18));
}

/** Where the listing of a directory is; an empty one has none. */
function listing(at: u32, start: u32, size: u32, offset: u32): i32 {
  if (size < DOTS && size !== 0) return refuse(refusal.BAD_DIRECTORY_SIZE, at);
  give(SIZE, size > DOTS ? size - DOTS : 0);
  give(START, start);
  give(OFFSET, offset);
  if (size <= DOTS) return OK;
  const room = directoryEnd() - directoryTable();
  if (<f64>start >= room) return refuse(refusal.BAD_REFERENCE, at);
  if (offset >= METADATA_SIZE) return refuse(refusal.BAD_OFFSET, at);
  if (<u64>offset + size > unpackedMax(<u64>(room - start)) + DOTS) {
    return refuse(refusal.BAD_DIRECTORY_SIZE, at);
  }
  return OK;
}

function file(at: u32, size: u32, left: f64): i32 {
  if (at + 16 > size) return refusal.MORE;
  give(LINKS, 1);
  give(START, u32At(at));
  give(USED, at + 16);
  return contents(at, u32At(at + 12), u32At(at + 4), u32At(at + 8), left);
}

function wideFile(at: u32, size: u32, left: f64): i32 {
  if (at + 40 > size) return refusal.MORE;
  const start = u64At(at), bytes = u64At(at + 8), sparse = u64At(at + 16);
  if (start > EXACT_MAX) return refuse(refusal.BAD_REFERENCE, at);
  if (bytes > EXACT_MAX) return refuse(refusal.BAD_FILE_SIZE, at + 8);
  if (sparse > bytes) return refuse(refusal.BAD_SPARSE, at + 16);
  give(START, <f64>start);
  give(SPARSE, <f64>sparse);
  give(LINKS, u32At(at + 24));
  give(USED, at + 40);
  const code = xattr(at + 36);
  if (code !== OK) return code;
  return contents(at, bytes, u32At(at + 28), u32At(at + 32), left);
}

/** Size, fragment and blocks of a file, which must fit one another. */
function contents(
  at: u32,
  size: u64,
  fragment: u32,
  offset: u32,
  left: f64,
): i32 {
  const block = <u64>blockSize(), tail = size % block;
  let blocks = size / block;
  if (fragment === NONE) {
    if (tail > 0) blocks++;
  } else {
    if (fragment >= fragmentCount()) return refuse(refusal.BAD_FRAGMENT, at);
    // A fragment holds at most a block.
    if (tail === 0 || offset + tail > block) {
      return refuse(refusal.BAD_TAIL, at);
    }
    give(FRAGMENT, fragment);
    give(OFFSET, offset);
  }
  if (blocks > unpackedMax(<u64>left) >> 2) {
    return refuse(refusal.BAD_BLOCK_COUNT, at);
  }
  give(SIZE, <f64>size);
  give(BLOCKS, <f64>blocks);
  return OK;
}

function symlink(at: u32, size: u32, extended: bool): i32 {
  if (at + 8 > size) return refusal.MORE;
  const length = u32At(at + 4);
  if (length > TARGET_MAX) return refuse(refusal.LONG_TARGET, at + 4);
  if (length === 0) return refuse(refusal.BAD_TARGET, at + 4);
  const end = at + 8 + length;
  if (end + (extended ? 4 : 0) > size) return refusal.MORE;
  for (let i = at + 8; i < end; i++) {
    if (load<u8>(SQUASHFS_IN + i) === 0) return refuse(refusal.BAD_TARGET, i);
  }
  give(LINKS, u32At(at));
  give(SIZE, length);
  give(USED, at + 8);
  return extended ? xattr(end) : OK;
}

function special(at: u32, size: u32, type: u32, extended: bool): i32 {
  const device = type <= CHAR_DEVICE;
  const end = at + (device ? 8 : 4);
  if (end + (extended ? 4 : 0) > size) return refusal.MORE;
  give(LINKS, u32At(at));
  give(USED, end);
  if (device) {
    // As the kernel packs them: minor low 8, major 12, minor high 12.
    const packed = u32At(at + 4);
    give(MAJOR, packed >> 8 & 0xfff);
    give(MINOR, packed & 0xff | (packed >> 12 & 0xfff00));
  }
  return extended ? xattr(end) : OK;
}

/**
 * Checks `count` sizes of blocks in the window from `at`; the blocks follow
 * one another from `start` in the image. Gives out where the last one ends.
 */
export function squashfsBlocks(at: u32, count: u32, start: f64): i32 {
  if (count > METADATA_SIZE || !inWindow(at, count << 2)) return BAD_ARGUMENT;
  const end = bytesUsed(), full = blockSize();
  for (let i: u32 = 0; i < count; i++) {
    const place = at + (i << 2);
    // The highest bit in use says that the block is not compressed.
    const word = u32At(place), stored = word & 0xffffff;
    if (word >> 25 || stored > full) return refuse(refusal.BAD_STORED_SIZE, place);
    start += <f64>stored;
    if (stored > 0 && start > end) return refuse(refusal.BAD_REFERENCE, place);
  }
  give(0, start);
  return OK;
}
