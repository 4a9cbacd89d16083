/** dm-verity, format version 1, compatible with veritysetup to the byte. */
import { type ByteSource, readExactly } from "../source.ts";
import { SUPERBLOCK_SIZE } from "./layout.ts";
import { decodeSuperblock, type Superblock } from "./superblock.ts";

export { type BuildOptions, buildVerity } from "./build.ts";
export { VerityImage, VerityMismatch, type VerityOptions } from "./image.ts";
export {
  layoutOf,
  type VerityAlgorithm,
  type VerityLayout,
  type VerityParams,
} from "./layout.ts";
export { type PoolOptions, verifyInWorkers } from "./pool.ts";
export {
  decodeSuperblock,
  encodeSuperblock,
  type Superblock,
} from "./superblock.ts";

/** Reads the superblock at `hashOffset` of a hash area. */
export async function readSuperblock(
  tree: ByteSource,
  hashOffset = 0,
): Promise<Superblock> {
  const range = { offset: hashOffset, length: SUPERBLOCK_SIZE };
  const bytes = await readExactly(tree, range);
  return decodeSuperblock(bytes, hashOffset);
}
