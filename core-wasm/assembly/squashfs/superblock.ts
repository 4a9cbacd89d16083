/**
 * The superblock, and the options of the compressor that may follow it.
 *
 *   0  magic 4    20 compression 2   32 root inode 8    64 inode table 8
 *   4  inodes 4   22 block log 2     40 bytes used 8    72 directories 8
 *   8  mtime 4    24 flags 2         48 id table 8      80 fragments 8
 *   12 block 4    26 ids 2           56 xattr ids 8     88 export 8
 *   16 fragments  28 version 2, 2
 */
import {
  CONTEXT,
  EXACT_MAX,
  give,
  given,
  METADATA_SIZE,
  u16At,
  u32At,
  u64At,
} from "./context";
import { OK } from "../errors";
import * as refusal from "./refuse";
import { refuse } from "./refuse";

const SIZE: u32 = 96;
const MAGIC: u32 = 0x73717368;
const BLOCK_LOG_MIN: u32 = 12;
const BLOCK_LOG_MAX: u32 = 20;
const FLAGS: u32 = 0xfff;
const EXPORTABLE: u32 = 0x80;
const OPTIONS: u32 = 0x400;
const ABSENT: u64 = u64.MAX_VALUE;
/** The smallest inode, and the smallest stored block of metadata. */
const INODE_MIN: u64 = 20;
const STORED_MIN: u64 = 3;

const GZIP: u32 = 1;
const LZO: u32 = 3;
const XZ: u32 = 4;
const XZ_DICTIONARY_MIN: u32 = 4096;
const LZ4: u32 = 5;
const ZSTD: u32 = 6;

/** Most that a table of metadata blocks of `stored` bytes can become. */
export function unpackedMax(stored: u64): u64 {
  return (stored / STORED_MIN + 1) * METADATA_SIZE;
}

/** The start of a table, which may be absent: then it is the end of all. */
function optionalTable(at: usize, after: u64, used: u64): i64 {
  const start = u64At(at);
  if (start === ABSENT) return 0;
  if (start < after || start >= used) return -1;
  return <i64>start;
}

/**
 * Decodes the 96 bytes in the window, of an image in `sourceSize` bytes. Gives
 * out: inodes, mtime, block size, fragments, compression, flags, ids, block
 * and offset of the root, bytes used, the tables of inodes, directories,
 * fragments, exports, ids, xattrs (0: absent), whether options follow, and
 * where directories must have ended.
 */
export function squashfsSuperblock(sourceSize: f64): i32 {
  if (u32At(0) !== MAGIC) return refuse(refusal.BAD_MAGIC, 0);
  if (u16At(28) !== 4 || u16At(30) !== 0) return refuse(refusal.BAD_VERSION, 28);
  const compression = u16At(20);
  if (compression < GZIP || compression > ZSTD || compression === 2) {
    return refuse(refusal.BAD_COMPRESSION, 20);
  }
  const blockSize = u32At(12), log = u16At(22);
  if (log < BLOCK_LOG_MIN || log > BLOCK_LOG_MAX) {
    return refuse(refusal.BAD_BLOCK_LOG, 22);
  }
  if (blockSize !== <u32>1 << log) return refuse(refusal.BAD_BLOCK_SIZE, 12);
  if (u16At(24) & ~FLAGS) return refuse(refusal.BAD_FLAGS, 24);
  const used = u64At(40);
  if (used < SIZE || used > EXACT_MAX || <f64>used > sourceSize) {
    return refuse(refusal.BAD_SIZE, 40);
  }
  const inodes = u64At(64), directories = u64At(72);
  if (inodes < SIZE || inodes >= used) return refuse(refusal.BAD_TABLE, 64);
  if (directories <= inodes || directories > used) {
    return refuse(refusal.BAD_TABLE, 72);
  }
  const inodeCount = u32At(4);
  const room = unpackedMax(directories - inodes);
  if (inodeCount === 0) return refuse(refusal.NO_COUNT, 4);
  if (inodeCount > room / INODE_MIN) {
    return refuse(refusal.BAD_COUNT, 4);
  }
  const root = u64At(32);
  if (root >> 16 >= directories - inodes || (root & 0xffff) >= METADATA_SIZE) {
    return refuse(refusal.BAD_ROOT, 32);
  }
  const code = tables(used, inodes, directories);
  if (code !== OK) return code;
  give(0, inodeCount);
  give(1, u32At(8));
  give(2, blockSize);
  give(4, compression);
  give(5, u16At(24));
  give(16, u16At(24) & OPTIONS ? 1 : 0);
  give(7, <f64>(root >> 16));
  give(8, <f64>(root & 0xffff));
  store<u32>(CONTEXT, inodeCount, 52);
  store<u32>(CONTEXT, blockSize, 56);
  return OK;
}

/** The tables, and the counts of what is in them. */
function tables(used: u64, inodes: u64, directories: u64): i32 {
  const fragments = optionalTable(80, directories, used);
  if (fragments < 0) return refuse(refusal.BAD_TABLE, 80);
  const exports = optionalTable(88, directories, used);
  if (exports < 0) return refuse(refusal.BAD_TABLE, 88);
  // Every inode has an owner.
  const ids = optionalTable(48, directories, used);
  if (ids <= 0) return refuse(refusal.BAD_TABLE, 48);
  const xattrs = optionalTable(56, directories, used);
  if (xattrs < 0) return refuse(refusal.BAD_TABLE, 56);
  const fragmentCount = u32At(16), idCount = u16At(26);
  if (idCount === 0) return refuse(refusal.NO_COUNT, 26);
  if (fragmentCount > 0) {
    if (fragments === 0) return refuse(refusal.BAD_TABLE, 80);
    if (fragmentCount > unpackedMax(<u64>fragments - directories) >> 4) {
      return refuse(refusal.BAD_COUNT, 16);
    }
  }
  const exportable = (u16At(24) & EXPORTABLE) !== 0;
  give(3, fragmentCount);
  give(6, idCount);
  give(9, <f64>used);
  give(10, <f64>inodes);
  give(11, <f64>directories);
  give(12, <f64>fragments);
  give(13, exportable ? <f64>exports : 0);
  give(14, <f64>ids);
  give(15, <f64>xattrs);
  store<f64>(CONTEXT, <f64>used, 0);
  store<f64>(CONTEXT, <f64>inodes, 8);
  store<f64>(CONTEXT, <f64>directories, 16);
  give(17, <f64>lowest(used, fragments, exports, ids));
  store<f64>(CONTEXT, given(17), 24);
  store<f64>(CONTEXT, 0, 32);
  store<u32>(CONTEXT, fragmentCount, 40);
  store<u32>(CONTEXT, idCount, 44);
  store<u32>(CONTEXT, 0, 48);
  return OK;
}

/** Where the table of directories must have ended. */
function lowest(used: u64, fragments: i64, exports: i64, ids: i64): u64 {
  let end = used;
  if (fragments > 0) end = min<u64>(end, fragments);
  if (exports > 0) end = min<u64>(end, exports);
  return min<u64>(end, ids);
}

/**
 * Checks the options of the compressor in the window, `size` bytes, as they
 * follow a superblock with the flag.
 */
export function squashfsOptions(compression: u32, size: u32): i32 {
  const wanted: u32 = compression === XZ || compression === LZ4 ||
      compression === LZO || compression === GZIP
    ? 8
    : 4;
  if (size !== wanted) return refuse(refusal.BAD_OPTIONS, 0);
  const first = u32At(0);
  if (compression === GZIP) {
    // Level, size of the window, strategies.
    if (first < 1 || first > 9) return refuse(refusal.BAD_OPTIONS, 0);
    const window = u16At(4);
    if (window < 8 || window > 15) return refuse(refusal.BAD_OPTIONS, 4);
    if (u16At(6) & ~31) return refuse(refusal.BAD_OPTIONS, 6);
  } else if (compression === XZ) {
    // Size of the dictionary (2^n or 2^n + 2^(n+1)), filters. mksquashfs has
    // that of the smallest block there, and no smaller one.
    const rest = first & (first - 1);
    if (first < XZ_DICTIONARY_MIN || (rest & (rest - 1))) {
      return refuse(refusal.BAD_OPTIONS, 0);
    }
    if (u32At(4) & ~63) return refuse(refusal.BAD_OPTIONS, 4);
  } else if (compression === LZ4) {
    // The version of the format, high compression.
    if (first !== 1) return refuse(refusal.BAD_OPTIONS, 0);
    if (u32At(4) & ~1) return refuse(refusal.BAD_OPTIONS, 4);
  } else if (compression === ZSTD) {
    if (first < 1 || first > 22) return refuse(refusal.BAD_OPTIONS, 0);
  } else {
    // Algorithm and level.
    if (first > 4) return refuse(refusal.BAD_OPTIONS, 0);
    const level = u32At(4);
    if (level > 9) return refuse(refusal.BAD_OPTIONS, 4);
  }
  return OK;
}
