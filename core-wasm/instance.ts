/**
 * One instance of core.wasm: the only file with `WebAssembly.*` and the only
 * one that touches its memory. The module imports nothing, takes and returns
 * numbers, and never grows its memory.
 */
import { CoreError, type CoreProblemKind } from "./errors.ts";

/** The exports of `assembly/squashfs/`; codes below 0 are refusals. */
export interface SquashfsExports {
  squashfsFailedAt(): number;
  squashfsSuperblock(sourceSize: number): number;
  squashfsOptions(compression: number, size: number): number;
  squashfsInode(at: number, size: number, left: number): number;
  squashfsBlocks(at: number, count: number, start: number): number;
  squashfsScanStart(): void;
  squashfsScan(at: number, size: number, left: number, wanted: number): number;
  squashfsIndex(
    at: number,
    size: number,
    left: number,
    wanted: number,
    listing: number,
  ): number;
  squashfsPlaces(count: number, end: number, first: boolean): number;
  squashfsFragment(at: number): number;
  squashfsReference(at: number): number;
  squashfsXattrTable(start: number): number;
  squashfsXattrId(at: number, end: number): number;
  squashfsXattr(at: number, size: number, end: number): number;
  squashfsXattrSize(at: number): number;
}

/** The decoders of SquashFS records and the buffers that they share with us. */
export interface SquashfsDoor {
  readonly calls: SquashfsExports;
  /** What is decoded: at most three blocks of metadata. */
  readonly window: Uint8Array;
  /** What came out, as numbers. */
  readonly numbers: Float64Array;
  /** The same bytes. */
  readonly records: DataView;
  /** A name that is looked for. */
  readonly name: Uint8Array;
  /** What the decoders know of the image. */
  readonly context: Uint8Array;
  /** Where a scan of a directory is. */
  readonly scan: Uint8Array;
}

/** The exports of `assembly/index.ts`. */
interface CoreExports extends SquashfsExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  inputPointer(): number;
  outputPointer(): number;
  saltPointer(): number;
  codecInPointer(): number;
  codecOutPointer(): number;
  decompress(codec: number, size: number, capacity: number): number;
  squashfsMetadata(codec: number, size: number): number;
  squashfsInPointer(): number;
  squashfsOutPointer(): number;
  squashfsNamePointer(): number;
  squashfsContextPointer(): number;
  squashfsContextSize(): number;
  squashfsScanPointer(): number;
  squashfsScanSize(): number;
  hashState(algorithm: number): number;
  hashStateSize(algorithm: number): number;
  hashInit(algorithm: number): number;
  hashUpdate(algorithm: number, size: number): number;
  hashFinal(algorithm: number): number;
  hashBlocks(
    algorithm: number,
    count: number,
    size: number,
    saltSize: number,
  ): number;
}

/** The numbers of `assembly/index.ts`. */
const ALGORITHMS = {
  sha256: 0,
  sha512: 1,
  blake3: 2,
  crc32: 3,
  crc32c: 4,
  xxh64: 5,
} as const;

/** A checksum that the module computes. */
export type Algorithm = keyof typeof ALGORITHMS;

const CODECS = {
  deflate: 0,
  zlib: 1,
  lz4: 2,
  lzo: 3,
  zstd: 4,
  xz: 5,
} as const;

/** A format of compressed blocks. */
export type Codec = keyof typeof CODECS;

/** The codes of `assembly/errors.ts`. */
const REFUSALS: Readonly<Record<number, [CoreProblemKind, string]>> = {
  [-2]: ["corrupt", "compressed bytes contradict their format"],
  [-3]: ["outOfBounds", "compressed bytes end early"],
  [-4]: ["limit", "compressed bytes become more than is allowed"],
  [-5]: ["unsupported", "compressed bytes with an option not read here"],
};

/** The largest block in and out. */
export const CODEC_BLOCK_MAX = 0x100000;
/** As in `assembly/memory.ts`. */
const INPUT_SIZE = 0x40000;
const OUTPUT_SIZE = 0x10000;
const SQUASHFS_IN_SIZE = 0x6000;
const SQUASHFS_OUT_SIZE = 0x8000;
const SQUASHFS_NAME_SIZE = 256;
/** What one copy takes in: small enough to be still in the cache when read. */
const STEP_SIZE = 0x8000;
/** The memory of an instance is at most this, whatever it is given. */
export const MEMORY_LIMIT = 64 << 20;

/** Our own code called an export wrongly. */
function expectCode(code: number): number {
  if (code < 0) throw new Error(`core.wasm refused a call: ${code}`);
  return code;
}

function squashfsDoor(exports: CoreExports): SquashfsDoor {
  const { buffer } = exports.memory;
  const out = exports.squashfsOutPointer();
  const bytes = (at: number, size: number) => new Uint8Array(buffer, at, size);
  return {
    calls: exports,
    window: bytes(exports.squashfsInPointer(), SQUASHFS_IN_SIZE),
    numbers: new Float64Array(buffer, out, SQUASHFS_OUT_SIZE / 8),
    records: new DataView(buffer, out, SQUASHFS_OUT_SIZE),
    name: bytes(exports.squashfsNamePointer(), SQUASHFS_NAME_SIZE),
    context: bytes(
      exports.squashfsContextPointer(),
      exports.squashfsContextSize(),
    ),
    scan: bytes(exports.squashfsScanPointer(), exports.squashfsScanSize()),
  };
}

/** A loaded module with its memory. */
export class Instance {
  readonly #exports: CoreExports;
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;
  readonly #salt: Uint8Array;
  readonly #codecIn: Uint8Array<ArrayBuffer>;
  readonly #codecOut: Uint8Array<ArrayBuffer>;
  readonly squashfs: SquashfsDoor;
  /** Whose state is in the module, for each algorithm. */
  readonly #owners = new Map<Algorithm, object>();

  private constructor(exports: CoreExports) {
    this.#exports = exports;
    const { buffer } = exports.memory;
    this.#input = new Uint8Array(buffer, exports.inputPointer(), INPUT_SIZE);
    this.#output = new Uint8Array(buffer, exports.outputPointer(), OUTPUT_SIZE);
    this.#salt = new Uint8Array(buffer, exports.saltPointer(), 256);
    const codec = (at: number) => new Uint8Array(buffer, at, CODEC_BLOCK_MAX);
    this.#codecIn = codec(exports.codecInPointer());
    this.#codecOut = codec(exports.codecOutPointer());
    this.squashfs = squashfsDoor(exports);
  }

  /** Instantiates the bytes of core.wasm. */
  static async create(wasm: BufferSource): Promise<Instance> {
    const { instance } = await WebAssembly.instantiate(wasm, {});
    return new Instance(instance.exports as unknown as CoreExports);
  }

  /** What `bytes` become, at most `limit` bytes: a copy. */
  decompress(
    codec: Codec,
    bytes: Uint8Array,
    options: { limit: number },
  ): Uint8Array<ArrayBuffer> {
    return this.#unpacked(this.#decompress(codec, bytes, options.limit));
  }

  /** The same into `target`, whose size is the limit; returns the size. */
  decompressInto(codec: Codec, bytes: Uint8Array, target: Uint8Array): number {
    const size = this.#decompress(codec, bytes, target.length);
    this.#checkUnpacked(size);
    target.set(this.#codecOut.subarray(0, size));
    return size;
  }

  #decompress(codec: Codec, bytes: Uint8Array, most: number): number {
    const limit = Math.min(most, CODEC_BLOCK_MAX);
    if (bytes.length > CODEC_BLOCK_MAX) {
      throw new CoreError("limit", `${bytes.length} compressed bytes`, 0);
    }
    this.#codecIn.set(bytes);
    return this.#exports.decompress(CODECS[codec], bytes.length, limit);
  }

  #checkUnpacked(size: number): void {
    const refusal = REFUSALS[size];
    if (refusal) throw new CoreError(...refusal, 0);
    expectCode(size);
  }

  /** What a decompressor wrote, or threw. */
  #unpacked(size: number): Uint8Array<ArrayBuffer> {
    this.#checkUnpacked(size);
    return this.#codecOut.slice(0, size);
  }

  /**
   * The block of SquashFS metadata that `size` bytes in its window begin with,
   * or nothing where the decoder of its header refuses it.
   */
  squashfsMetadata(
    codec: Codec,
    size: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    const unpacked = this.#exports.squashfsMetadata(CODECS[codec], size);
    return unpacked < -9 ? undefined : this.#unpacked(unpacked);
  }

  /** What the instance takes, in bytes; it stays the same. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Starts `algorithm` on behalf of `owner`, whose state is then here. */
  start(algorithm: Algorithm, owner: object): void {
    expectCode(this.#exports.hashInit(ALGORITHMS[algorithm]));
    this.#owners.set(algorithm, owner);
  }

  /** Whose state of `algorithm` is here. */
  owner(algorithm: Algorithm): object | undefined {
    return this.#owners.get(algorithm);
  }

  #state(algorithm: Algorithm): Uint8Array {
    const number = ALGORITHMS[algorithm];
    return new Uint8Array(
      this.#exports.memory.buffer,
      this.#exports.hashState(number),
      this.#exports.hashStateSize(number),
    );
  }

  /** A copy of the state of `algorithm`. */
  save(algorithm: Algorithm): Uint8Array {
    return this.#state(algorithm).slice();
  }

  /** Puts a saved state back on behalf of `owner`. */
  restore(algorithm: Algorithm, state: Uint8Array, owner: object): void {
    this.#state(algorithm).set(state);
    this.#owners.set(algorithm, owner);
  }

  /** Takes `bytes` into the state that is here. */
  update(algorithm: Algorithm, bytes: Uint8Array): void {
    const number = ALGORITHMS[algorithm];
    for (let at = 0; at < bytes.length; at += STEP_SIZE) {
      const size = Math.min(STEP_SIZE, bytes.length - at);
      this.#input.set(
        size === bytes.length ? bytes : bytes.subarray(at, at + size),
      );
      expectCode(this.#exports.hashUpdate(number, size));
    }
  }

  /** Ends the state that is here and returns the digest. */
  finish(algorithm: Algorithm): Uint8Array<ArrayBuffer> {
    const size = expectCode(this.#exports.hashFinal(ALGORITHMS[algorithm]));
    this.#owners.delete(algorithm);
    return this.#output.slice(0, size);
  }

  /**
   * The digests, one after another, of the `size`-byte blocks in `blocks`,
   * each after `salt`. All must fit `INPUT_SIZE`. A hasher that is
   * under way saves its state first, see `hash.ts`.
   */
  hashBlocks(
    algorithm: "sha256" | "sha512",
    blocks: Uint8Array,
    options: { size: number; salt: Uint8Array },
  ): Uint8Array {
    const { size, salt } = options;
    const count = blocks.length / size;
    if (blocks.length > INPUT_SIZE || salt.length > 256) {
      throw new Error("core.wasm refused a call: too large");
    }
    this.#input.set(blocks);
    this.#salt.set(salt);
    const number = ALGORITHMS[algorithm];
    expectCode(this.#exports.hashBlocks(number, count, size, salt.length));
    this.#owners.delete(algorithm);
    return this.#output.subarray(0, count * (algorithm === "sha256" ? 32 : 64));
  }
}
