/**
 * The superblock of veritysetup: what a hash area says about itself. Nothing
 * vouches for it: whoever has a signed manifest takes the parameters from
 * there. Numbers are little-endian.
 *
 *     0  "verity\0\0"           64  data block size, 4
 *     8  version 1, 4           68  hash block size, 4
 *    12  hash type 1, 4         72  data blocks, 8
 *    16  UUID, 16               80  salt size, 2, then 6 zeros
 *    32  algorithm, 32          88  salt, 256, then 168 zeros
 */
import { CoreError } from "../errors.ts";
import {
  BLOCK_SIZE_MAX,
  isBlockSize,
  SALT_MAX,
  SUPERBLOCK_SIZE,
  type VerityParams,
} from "./layout.ts";

const MAGIC = "verity\0\0";
/** veritysetup makes blocks larger than ours up to this. */
const FOREIGN_BLOCK_SIZE_MAX = 524_288;
const UUID_SIZE = 16;

/** What a superblock says. */
export interface Superblock {
  readonly params: VerityParams;
  readonly uuid: Uint8Array;
}

/** The 512 bytes for `params`. */
export function encodeSuperblock(
  params: VerityParams,
  uuid: Uint8Array,
): Uint8Array<ArrayBuffer> {
  if (uuid.length !== UUID_SIZE) throw new RangeError("a UUID has 16 bytes");
  const bytes = new Uint8Array(SUPERBLOCK_SIZE);
  const view = new DataView(bytes.buffer);
  const text = new TextEncoder();
  text.encodeInto(MAGIC, bytes);
  view.setUint32(8, 1, true);
  view.setUint32(12, 1, true);
  bytes.set(uuid, 16);
  text.encodeInto(params.algorithm, bytes.subarray(32, 64));
  view.setUint32(64, params.dataBlockSize, true);
  view.setUint32(68, params.hashBlockSize, true);
  view.setBigUint64(72, BigInt(params.dataBlocks), true);
  view.setUint16(80, params.salt.length, true);
  bytes.set(params.salt, 88);
  return bytes;
}

function asciiz(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, end < 0 ? undefined : end));
}

/** Checks every field of the 512 bytes found at `offset`. */
export function decodeSuperblock(
  bytes: Uint8Array,
  offset: number,
): Superblock {
  const fail = (kind: CoreError["kind"], what: string, at: number): never => {
    throw new CoreError(kind, what, offset + at);
  };
  if (bytes.length < SUPERBLOCK_SIZE) fail("outOfBounds", "no superblock", 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, SUPERBLOCK_SIZE);
  const zeros = (from: number, to: number) => {
    const at = bytes.subarray(from, to).findIndex((byte) => byte !== 0);
    if (at >= 0) fail("corrupt", "padding is not zero", from + at);
  };
  if (asciiz(bytes.subarray(0, 8)) !== "verity" || bytes[7] !== 0) {
    fail("badMagic", "no verity superblock", 0);
  }
  const version = view.getUint32(8, true);
  if (version !== 1) fail("unsupported", `superblock version ${version}`, 8);
  const hashType = view.getUint32(12, true);
  if (hashType !== 1) fail("unsupported", `hash type ${hashType}`, 12);
  const name = asciiz(bytes.subarray(32, 64));
  if (name !== "sha256" && name !== "sha512") {
    return fail("unsupported", `algorithm ${JSON.stringify(name)}`, 32);
  }
  zeros(32 + name.length, 64);
  const blockSize = (at: number) => {
    const size = view.getUint32(at, true);
    if (isBlockSize(size)) return size;
    const foreign = size > BLOCK_SIZE_MAX && size <= FOREIGN_BLOCK_SIZE_MAX &&
      (size & (size - 1)) === 0;
    return fail(foreign ? "limit" : "corrupt", `block size ${size}`, at);
  };
  const dataBlockSize = blockSize(64);
  const hashBlockSize = blockSize(68);
  const dataBlocks = Number(view.getBigUint64(72, true));
  if (dataBlocks === 0) fail("corrupt", "no data blocks", 72);
  if (!Number.isSafeInteger(dataBlocks * dataBlockSize)) {
    fail("limit", "data beyond 2^53 bytes", 72);
  }
  const saltSize = view.getUint16(80, true);
  if (saltSize > SALT_MAX) fail("corrupt", `salt of ${saltSize} bytes`, 80);
  zeros(82, 88);
  zeros(88 + saltSize, SUPERBLOCK_SIZE);
  return {
    uuid: bytes.slice(16, 32),
    params: {
      algorithm: name,
      dataBlockSize,
      hashBlockSize,
      dataBlocks,
      salt: bytes.slice(88, 88 + saltSize),
      hashOffset: offset,
      superblock: true,
    },
  };
}
