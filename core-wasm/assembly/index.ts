/**
 * The exports, which take and return numbers only; `../instance.ts` calls
 * them. What a number means is said here; that it is in range is checked here.
 */
import * as blake3 from "./hash/blake3";
import * as crc from "./hash/crc";
import * as sha256 from "./hash/sha256";
import * as sha512 from "./hash/sha512";
import * as xxh64 from "./hash/xxh64";
import { inflate, inflateZlib } from "./codec/inflate";
import { lz4 } from "./codec/lz4";
import { lzo } from "./codec/lzo";
import { zstd } from "./codec/zstd";
import { xz } from "./codec/xz";
import { BAD_ARGUMENT, CORRUPT, OK } from "./errors";
import {
  CODEC_IN,
  CODEC_IN_SIZE,
  CODEC_OUT,
  CODEC_OUT_SIZE,
  INPUT,
  INPUT_SIZE,
  OUTPUT,
  SQUASHFS_IN,
  SQUASHFS_NAME,
  SQUASHFS_OUT,
} from "./memory";
import { metadataBlock } from "./squashfs/tables";
import { METADATA_SIZE } from "./squashfs/context";

export { hashBlocks, saltPointer } from "./verity";
export {
  squashfsContextPointer,
  squashfsContextSize,
} from "./squashfs/context";
export {
  squashfsIndex,
  squashfsScan,
  squashfsScanPointer,
  squashfsScanSize,
  squashfsScanStart,
} from "./squashfs/directory";
export { squashfsBlocks, squashfsInode } from "./squashfs/inode";
export { squashfsFailedAt } from "./squashfs/refuse";
export { squashfsOptions, squashfsSuperblock } from "./squashfs/superblock";
export {
  squashfsFragment,
  squashfsPlaces,
  squashfsReference,
  squashfsXattr,
  squashfsXattrId,
  squashfsXattrSize,
  squashfsXattrTable,
} from "./squashfs/tables";

/** Algorithms, as in `../hash.ts`. */
const SHA256 = 0;
const SHA512 = 1;
const BLAKE3 = 2;
const CRC32 = 3;
const CRC32C = 4;
const XXH64 = 5;

/** Formats of compressed blocks, as in `../instance.ts`. */
const DEFLATE = 0;
const ZLIB = 1;
const LZ4 = 2;
const LZO = 3;
const ZSTD = 4;
const XZ = 5;

export function codecInPointer(): usize {
  return CODEC_IN;
}

export function codecOutPointer(): usize {
  return CODEC_OUT;
}

/**
 * Decompresses the first `size` bytes of the codec's input into its output, of
 * which at most `capacity` bytes are used. Returns how many, or a code.
 */
export function decompress(codec: i32, size: u32, capacity: u32): i32 {
  if (size > CODEC_IN_SIZE || capacity > CODEC_OUT_SIZE) return BAD_ARGUMENT;
  switch (codec) {
    case DEFLATE: return inflate(size, capacity);
    case ZLIB: return inflateZlib(size, capacity);
    case LZ4: return lz4(size, capacity);
    case LZO: return lzo(size, capacity);
    case ZSTD: return zstd(size, capacity);
    case XZ: return xz(size, capacity);
    default: return BAD_ARGUMENT;
  }
}

/**
 * The metadata block of SquashFS at the start of a window of `size` bytes,
 * decompressed into the codec's output. Returns its size there, or a code.
 */
export function squashfsMetadata(codec: i32, size: u32): i32 {
  const stored = metadataBlock(size);
  if (stored < 0) return stored;
  if (stored === 0) return <i32>load<f64>(SQUASHFS_OUT, 8);
  const unpacked = decompress(codec, stored, METADATA_SIZE);
  // No block is empty.
  return unpacked === 0 ? CORRUPT : unpacked;
}

export function squashfsInPointer(): usize {
  return SQUASHFS_IN;
}

export function squashfsOutPointer(): usize {
  return SQUASHFS_OUT;
}

export function squashfsNamePointer(): usize {
  return SQUASHFS_NAME;
}

export function inputPointer(): usize {
  return INPUT;
}

export function outputPointer(): usize {
  return OUTPUT;
}

/** Where the state of an algorithm is, to be saved and put back. */
export function hashState(algorithm: i32): usize {
  switch (algorithm) {
    case SHA256: return sha256.STATE;
    case SHA512: return sha512.STATE;
    case BLAKE3: return blake3.STATE;
    case CRC32: return crc.CRC32;
    case CRC32C: return crc.CRC32C;
    case XXH64: return xxh64.STATE;
    default: return 0;
  }
}

export function hashStateSize(algorithm: i32): u32 {
  switch (algorithm) {
    case SHA256: return sha256.STATE_SIZE;
    case SHA512: return sha512.STATE_SIZE;
    case BLAKE3: return blake3.STATE_SIZE;
    case CRC32: return crc.STATE_SIZE;
    case CRC32C: return crc.STATE_SIZE;
    case XXH64: return xxh64.STATE_SIZE;
    default: return 0;
  }
}

export function hashInit(algorithm: i32): i32 {
  switch (algorithm) {
    case SHA256: sha256.init(); return OK;
    case SHA512: sha512.init(); return OK;
    case BLAKE3: blake3.init(); return OK;
    case CRC32: crc.initCrc32(); return OK;
    case CRC32C: crc.initCrc32c(); return OK;
    case XXH64: xxh64.init(); return OK;
    default: return BAD_ARGUMENT;
  }
}

/** Takes in the first `size` bytes of the input buffer. */
export function hashUpdate(algorithm: i32, size: u32): i32 {
  if (size > INPUT_SIZE) return BAD_ARGUMENT;
  switch (algorithm) {
    case SHA256: sha256.update(INPUT, size); return OK;
    case SHA512: sha512.update(INPUT, size); return OK;
    case BLAKE3: blake3.update(INPUT, size); return OK;
    case CRC32: crc.updateCrc32(INPUT, size); return OK;
    case CRC32C: crc.updateCrc32c(INPUT, size); return OK;
    case XXH64: xxh64.update(INPUT, size); return OK;
    default: return BAD_ARGUMENT;
  }
}

/** Writes the digest to the output buffer and returns its size. */
export function hashFinal(algorithm: i32): i32 {
  switch (algorithm) {
    case SHA256: return sha256.final(OUTPUT);
    case SHA512: return sha512.final(OUTPUT);
    case BLAKE3: return blake3.final(OUTPUT);
    case CRC32: return crc.final(crc.CRC32, OUTPUT);
    case CRC32C: return crc.final(crc.CRC32C, OUTPUT);
    case XXH64: return xxh64.final(OUTPUT);
    default: return BAD_ARGUMENT;
  }
}
