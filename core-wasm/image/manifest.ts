/**
 * The manifest of an image: what its hash tree is, and whose key signs that.
 * There is one encoding of a manifest; numbers are little-endian.
 *
 *    0              8        10          11         12         13
 *    | "talosimg" 8 | 1, u16 | algorithm | data 2^n | hash 2^n | V |
 *   14         16             24          56
 *    | S, u16  | size, u64    | key id 32 | root hash 32 or 64
 *   then version, V bytes of printable ASCII, then salt, S bytes, then nothing
 *
 * algorithm: 1 sha256, 2 sha512. `data` and `hash`: sizes of blocks, 9 to 16.
 * V: 1 to 64. S: 0 to 256. The size is a whole number of data blocks. The tree
 * has no superblock and begins at byte 0 of its file. The key id is the
 * SHA-256 of the raw public key.
 */
import type { VerityAlgorithm, VerityParams } from "../verity/layout.ts";
import { ImageError, type ImageProblemKind } from "./errors.ts";

const MAGIC = "talosimg";
const FORMAT = 1;
const FIXED_SIZE = 56;
const VERSION_MAX = 64;
const SALT_MAX = 256;
/** The largest manifest: a reader needs no more memory for one. */
export const MANIFEST_MAX = FIXED_SIZE + 64 + VERSION_MAX + SALT_MAX;
const KEY_ID_SIZE = 32;

/** What is signed. */
export interface Manifest {
  /** Of the image, as in "v0.9.0". */
  readonly version: string;
  /** Of the image, in bytes: whole data blocks. */
  readonly sizeBytes: number;
  readonly algorithm: VerityAlgorithm;
  readonly dataBlockSize: number;
  readonly hashBlockSize: number;
  readonly salt: Uint8Array;
  readonly rootHash: Uint8Array;
  /** Whose signature to expect. */
  readonly keyId: Uint8Array;
}

/** The tree that a manifest describes. */
export function paramsOf(manifest: Manifest): VerityParams {
  const { algorithm, dataBlockSize, hashBlockSize, salt } = manifest;
  return {
    ...{ algorithm, dataBlockSize, hashBlockSize, salt },
    dataBlocks: manifest.sizeBytes / dataBlockSize,
    hashOffset: 0,
    superblock: false,
  };
}

function fail(kind: ImageProblemKind, what: string): never {
  throw new ImageError(kind, what);
}

/** The exponent of a block size that is allowed. */
function exponentOf(size: number): number {
  const exponent = Math.log2(size);
  if (Number.isInteger(exponent) && exponent >= 9 && exponent <= 16) {
    return exponent;
  }
  return fail("corrupt", `block size ${size}`);
}

/** The bytes of a manifest, which are then signed. */
export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  const version = new TextEncoder().encode(manifest.version);
  const { salt, rootHash, keyId } = manifest;
  const rootAt = FIXED_SIZE;
  const versionAt = rootAt + rootHash.length;
  const saltAt = versionAt + version.length;
  const bytes = new Uint8Array(saltAt + salt.length);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(MAGIC, bytes);
  view.setUint16(8, FORMAT, true);
  bytes[10] = manifest.algorithm === "sha256" ? 1 : 2;
  bytes[11] = exponentOf(manifest.dataBlockSize);
  bytes[12] = exponentOf(manifest.hashBlockSize);
  bytes[13] = Math.min(255, version.length);
  view.setUint16(14, salt.length, true);
  view.setBigUint64(16, BigInt(manifest.sizeBytes), true);
  bytes.set(keyId.subarray(0, KEY_ID_SIZE), 24);
  bytes.set(rootHash, rootAt);
  bytes.set(version, versionAt);
  bytes.set(salt, saltAt);
  // What we would not read, we do not write.
  decodeManifest(bytes);
  return bytes;
}

/** Checks every byte. Says nothing about who wrote them. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const magic = String.fromCharCode(...bytes.subarray(0, 8));
  if (!MAGIC.startsWith(magic)) fail("badMagic", "not an image manifest");
  if (bytes.length < FIXED_SIZE) fail("truncated", "the manifest ends early");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const format = view.getUint16(8, true);
  if (format !== FORMAT) fail("unsupported", `manifest format ${format}`);
  const algorithm = ([undefined, "sha256", "sha512"] as const)[bytes[10]!];
  if (!algorithm) return fail("unsupported", `algorithm ${bytes[10]}`);
  const [data, hash, versionSize] = bytes.subarray(11, 14) as Iterable<
    number
  > as [number, number, number];
  for (const exponent of [data, hash]) {
    if (exponent < 9 || exponent > 16) fail("corrupt", `blocks 2^${exponent}`);
  }
  if (versionSize < 1 || versionSize > VERSION_MAX) {
    fail("corrupt", `version of ${versionSize} bytes`);
  }
  const saltSize = view.getUint16(14, true);
  if (saltSize > SALT_MAX) fail("corrupt", `salt of ${saltSize} bytes`);
  const sizeBytes = Number(view.getBigUint64(16, true));
  const dataBlockSize = 2 ** data;
  if (
    !Number.isSafeInteger(sizeBytes) || sizeBytes === 0 ||
    sizeBytes % dataBlockSize !== 0
  ) {
    fail("corrupt", `image of ${sizeBytes} bytes`);
  }
  const versionAt = FIXED_SIZE + (algorithm === "sha256" ? 32 : 64);
  const saltAt = versionAt + versionSize;
  const end = saltAt + saltSize;
  if (bytes.length < end) fail("truncated", "the manifest ends early");
  if (bytes.length > end) fail("trailing", "bytes after the manifest");
  const version = String.fromCharCode(...bytes.subarray(versionAt, saltAt));
  if (!/^[!-~]+$/.test(version)) fail("corrupt", "version is not printable");
  return {
    ...{ version, sizeBytes, algorithm, dataBlockSize },
    hashBlockSize: 2 ** hash,
    keyId: bytes.slice(24, FIXED_SIZE),
    rootHash: bytes.slice(FIXED_SIZE, versionAt),
    salt: bytes.slice(saltAt, end),
  };
}
