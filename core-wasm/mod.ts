/**
 * core-wasm: checksums and image verification in AssemblyScript. A library of
 * its own for Deno, Node and browsers; it imports nothing of the rest.
 *
 * @example
 * const core = await loadCore();
 * core.hash("sha256", new TextEncoder().encode("abc"));
 */
import { createHasher, hash, type Hasher, type Hashes, leave } from "./hash.ts";
import { type Algorithm, type Codec, Instance } from "./instance.ts";
import { readCore } from "./load.ts";
import { SquashfsDecoder } from "./squashfs/decoder.ts";

export { CoreError, type CoreProblemKind } from "./errors.ts";
export type { Hasher, Hashes } from "./hash.ts";
export {
  type Algorithm,
  type Codec,
  CODEC_BLOCK_MAX,
  MEMORY_LIMIT,
} from "./instance.ts";
export { FileSource } from "./file.ts";
export {
  bufferSource,
  type ByteSink,
  type ByteSource,
  rangeSource,
} from "./source.ts";
export * from "./image/mod.ts";
export * from "./squashfs/mod.ts";
export * from "./verity/mod.ts";

/** The module, loaded. */
export class Core implements Hashes {
  readonly #instance: Instance;
  /** For `openSquashfs`: the decoders of its records. */
  readonly squashfs: SquashfsDecoder;

  constructor(instance: Instance) {
    this.#instance = instance;
    this.squashfs = new SquashfsDecoder(instance);
  }

  /** What it takes, in bytes; the same for any input. */
  get memoryBytes(): number {
    return this.#instance.memoryBytes;
  }

  /** The digest of `bytes`, in the order of bytes it is printed in. */
  hash(algorithm: Algorithm, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return hash(this.#instance, algorithm, bytes);
  }

  /**
   * What a compressed block becomes; `limit` in bytes, at most 1 MiB, like the
   * block. Bytes after its end are refused.
   */
  decompress(
    codec: Codec,
    bytes: Uint8Array,
    options: { limit: number },
  ): Uint8Array<ArrayBuffer> {
    return this.#instance.decompress(codec, bytes, options);
  }

  /** As `decompress`, into `target`, whose size is the limit; the size of it. */
  decompressInto(codec: Codec, bytes: Uint8Array, target: Uint8Array): number {
    return this.#instance.decompressInto(codec, bytes, target);
  }

  /**
   * The digests of equal blocks, each after `salt`: four at once in v128 for
   * sha256. They are in the module until its next call; at most 256 KiB.
   */
  hashBlocks(
    algorithm: "sha256" | "sha512",
    blocks: Uint8Array,
    options: { size: number; salt: Uint8Array },
  ): Uint8Array {
    leave(this.#instance, algorithm);
    return this.#instance.hashBlocks(algorithm, blocks, options);
  }

  /** A checksum of bytes that come in pieces. Needs no closing. */
  hasher(algorithm: Algorithm): Hasher {
    return createHasher(this.#instance, algorithm);
  }
}

/** Loads core.wasm: its bytes, or where they are. */
export async function loadCore(from?: BufferSource | URL): Promise<Core> {
  const wasm = from === undefined || from instanceof URL
    ? await readCore(from)
    : from;
  return new Core(await Instance.create(wasm));
}
