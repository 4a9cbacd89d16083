/**
 * Where the blocks of a hash tree are (dm-verity format version 1; kernel
 * Documentation/admin-guide/device-mapper/verity.rst). Pure arithmetic.
 *
 *   hashOffset
 *   | superblock 512 | zeros to a hash block | top level | ... | level 0 |
 *
 * A hash block holds `hashBlockSize / digestSize` digests of the level below,
 * zeros after the last; level 0 holds those of the data blocks. The root hash
 * is the digest of the only block of the top level, or of the only data block.
 */
import { CoreError } from "../errors.ts";

/** What the digests of a tree are. */
export type VerityAlgorithm = "sha256" | "sha512";

/** All that describes a tree. */
export interface VerityParams {
  readonly algorithm: VerityAlgorithm;
  /** Powers of two, 512 to 65536. */
  readonly dataBlockSize: number;
  readonly hashBlockSize: number;
  readonly dataBlocks: number;
  /** Before every block: 0 to {@linkcode SALT_MAX} bytes. */
  readonly salt: Uint8Array;
  /** Where the hash area begins in its source, a multiple of 512. */
  readonly hashOffset: number;
  /** A superblock begins the hash area; without one `hashOffset` is a multiple
   * of the hash block size. */
  readonly superblock: boolean;
}

/** One level of a tree; 0 is the one with the digests of data. */
export interface VerityLevel {
  /** Where it begins in the source of the tree, in bytes. */
  readonly offset: number;
  readonly blocks: number;
}

/** Where everything is. */
export interface VerityLayout {
  readonly digestSize: number;
  /** Digests in a hash block. */
  readonly fanOut: number;
  /** Bottom up; none when there is one data block. */
  readonly levels: readonly VerityLevel[];
  /** The first byte after the tree. */
  readonly end: number;
}

/** Before a tree, if there is one. */
export const SUPERBLOCK_SIZE = 512;
const BLOCK_SIZE_MIN = 512;
/** The largest block that we build and read. */
export const BLOCK_SIZE_MAX = 65_536;
export const SALT_MAX = 256;
/** As many as the kernel's. 2^53 bytes of 512 need 15. */
const LEVELS_MAX = 63;

function digestSizeOf(algorithm: VerityAlgorithm): number {
  return algorithm === "sha256" ? 32 : 64;
}

/** A power of two within the limits. */
export function isBlockSize(size: number): boolean {
  return size >= BLOCK_SIZE_MIN && size <= BLOCK_SIZE_MAX &&
    (size & (size - 1)) === 0;
}

/** Throws unless the parameters are within what we build and read. */
function checkParams(params: VerityParams): void {
  const { dataBlockSize, hashBlockSize, dataBlocks, hashOffset } = params;
  const at = Number.isSafeInteger(hashOffset) ? hashOffset : 0;
  const expect = (holds: boolean, what: string) => {
    if (!holds) throw new CoreError("unsupported", what, at);
  };
  expect(isBlockSize(dataBlockSize), `data block size ${dataBlockSize}`);
  expect(isBlockSize(hashBlockSize), `hash block size ${hashBlockSize}`);
  expect(params.salt.length <= SALT_MAX, `salt of ${params.salt.length} bytes`);
  const sizeBytes = dataBlocks * dataBlockSize;
  expect(
    dataBlocks >= 1 && Number.isSafeInteger(dataBlocks) &&
      Number.isSafeInteger(sizeBytes),
    `${dataBlocks} data blocks`,
  );
  const unit = params.superblock ? SUPERBLOCK_SIZE : hashBlockSize;
  expect(
    Number.isSafeInteger(hashOffset) && hashOffset >= 0 &&
      hashOffset % unit === 0,
    `hash offset ${hashOffset}`,
  );
}

/** The layout of a tree. */
export function layoutOf(params: VerityParams): VerityLayout {
  checkParams(params);
  const { hashBlockSize, dataBlocks, hashOffset } = params;
  const digestSize = digestSizeOf(params.algorithm);
  const fanOut = hashBlockSize / digestSize;
  const counts: number[] = [];
  for (let blocks = dataBlocks; blocks > 1;) {
    blocks = Math.ceil(blocks / fanOut);
    counts.push(blocks);
  }
  let offset = hashOffset;
  if (params.superblock) {
    offset = Math.ceil((offset + SUPERBLOCK_SIZE) / hashBlockSize) *
      hashBlockSize;
  }
  const levels: VerityLevel[] = [];
  for (const blocks of counts.toReversed()) {
    levels.unshift({ offset, blocks });
    offset += blocks * hashBlockSize;
  }
  if (levels.length > LEVELS_MAX || !Number.isSafeInteger(offset)) {
    throw new CoreError("limit", "a hash tree beyond 2^53 bytes", hashOffset);
  }
  return { digestSize, fanOut, levels, end: offset };
}
