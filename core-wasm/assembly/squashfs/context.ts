/**
 * What the decoders know of the image: the superblock's numbers, checked. The
 * caller keeps a copy for each image and puts it back before it decodes.
 *
 *   0  bytes used     f64     40  fragments   u32
 *   8  inode table    f64     44  ids         u32
 *   16 directories    f64     48  xattr ids   u32
 *   24 their end      f64     52  inodes      u32
 *   32 xattr table    f64     56  block size  u32
 */
import { SQUASHFS_IN, SQUASHFS_IN_SIZE, SQUASHFS_OUT } from "../memory";

export const CONTEXT_SIZE: u32 = 64;
export const CONTEXT: usize = memory.data(64, 16);

/** Nothing is there: a table, a fragment, an index of attributes. */
export const NONE: u32 = 0xffffffff;
/** The largest decompressed block of metadata. */
export const METADATA_SIZE: u32 = 8192;
/** The largest number that a double holds exactly, as a u64. */
export const EXACT_MAX: u64 = 0x1fffffffffffff;

export function squashfsContextPointer(): usize {
  return CONTEXT;
}

export function squashfsContextSize(): u32 {
  return CONTEXT_SIZE;
}

export function bytesUsed(): f64 { return load<f64>(CONTEXT); }
export function inodeTable(): f64 { return load<f64>(CONTEXT, 8); }
export function directoryTable(): f64 { return load<f64>(CONTEXT, 16); }
export function directoryEnd(): f64 { return load<f64>(CONTEXT, 24); }
export function xattrTable(): f64 { return load<f64>(CONTEXT, 32); }
export function fragmentCount(): u32 { return load<u32>(CONTEXT, 40); }
export function idCount(): u32 { return load<u32>(CONTEXT, 44); }
export function xattrCount(): u32 { return load<u32>(CONTEXT, 48); }
export function inodeCount(): u32 { return load<u32>(CONTEXT, 52); }
export function blockSize(): u32 { return load<u32>(CONTEXT, 56); }

/** The `i`th number that a decoder gives out. */
// @ts-ignore: decorator
@inline
export function give(i: usize, value: f64): void {
  store<f64>(SQUASHFS_OUT + (i << 3), value);
}

/** The number that a decoder gave out. */
export function given(i: usize): f64 {
  return load<f64>(SQUASHFS_OUT + (i << 3));
}

/** Whether `bytes` bytes at `at` can be in a window. */
export function inWindow(at: u32, bytes: u32): bool {
  return at <= SQUASHFS_IN_SIZE && bytes <= SQUASHFS_IN_SIZE - at;
}

/** Whether there can be a window of `size` bytes that is read from `at`. */
export function isWindow(at: u32, size: u32): bool {
  return at <= size && size <= SQUASHFS_IN_SIZE;
}

// @ts-ignore: decorator
@inline
export function u16At(at: usize): u32 { return load<u16>(SQUASHFS_IN + at); }
// @ts-ignore: decorator
@inline
export function u32At(at: usize): u32 { return load<u32>(SQUASHFS_IN + at); }
// @ts-ignore: decorator
@inline
export function u64At(at: usize): u64 { return load<u64>(SQUASHFS_IN + at); }
