/**
 * Builds a hash tree in one pass over the data. Each level gathers a batch of
 * hash blocks; a full batch is written, hashed, and its digests go up. What is
 * held is one batch a level, whatever the size of the image.
 */
import { type ByteSink, type ByteSource, readExactly } from "../source.ts";
import type { Core } from "../mod.ts";
import { layoutOf, type VerityLevel, type VerityParams } from "./layout.ts";
import { encodeSuperblock } from "./superblock.ts";

/** Bytes that are read, hashed or written at once. */
const BATCH_SIZE = 65_536;

/** What {@linkcode buildVerity} works on. */
export interface BuildOptions {
  readonly data: ByteSource;
  readonly params: VerityParams;
  /** Written only where the tree is; gaps are the caller's. */
  readonly sink: ByteSink;
  /** For the superblock, if there is one. */
  readonly uuid?: Uint8Array;
}

/** Writes the tree and returns the root hash. */
export async function buildVerity(
  core: Core,
  options: BuildOptions,
): Promise<Uint8Array> {
  const { data, params, sink, uuid = new Uint8Array(16) } = options;
  const { levels } = layoutOf(params);
  const { algorithm, salt } = params;
  // A copy: the next call overwrites what the module gave.
  const hash = (blocks: Uint8Array, size: number) =>
    core.hashBlocks(algorithm, blocks, { size, salt }).slice();

  let root: Uint8Array = new Uint8Array();
  let up = (digests: Uint8Array): Promise<void> => {
    root = digests;
    return Promise.resolve();
  };
  const writers: LevelWriter[] = [];
  for (const level of levels.toReversed()) {
    const writer = new LevelWriter(level, params.hashBlockSize, {
      write: (offset, bytes) => sink.write(offset, bytes),
      up,
      hash: (blocks) => hash(blocks, params.hashBlockSize),
    });
    up = (digests) => writer.append(digests);
    writers.unshift(writer);
  }
  if (params.superblock) {
    await sink.write(params.hashOffset, encodeSuperblock(params, uuid));
  }
  const size = params.dataBlocks * params.dataBlockSize;
  for (let at = 0; at < size; at += BATCH_SIZE) {
    const length = Math.min(BATCH_SIZE, size - at);
    const blocks = await readExactly(data, { offset: at, length });
    await up(hash(blocks, params.dataBlockSize));
  }
  for (const writer of writers) await writer.finish();
  return root;
}

/** What a level needs of the others. */
interface LevelEdges {
  write(offset: number, bytes: Uint8Array): Promise<void> | void;
  up(digests: Uint8Array): Promise<void>;
  hash(blocks: Uint8Array): Uint8Array;
}

/** Gathers the digests of one level into blocks. */
class LevelWriter {
  readonly #batch = new Uint8Array(BATCH_SIZE);
  readonly #blockSize: number;
  readonly #edges: LevelEdges;
  #held = 0;
  #offset: number;

  constructor(level: VerityLevel, blockSize: number, edges: LevelEdges) {
    this.#offset = level.offset;
    this.#blockSize = blockSize;
    this.#edges = edges;
  }

  async append(digests: Uint8Array): Promise<void> {
    for (let at = 0; at < digests.length;) {
      const take = Math.min(digests.length - at, BATCH_SIZE - this.#held);
      this.#batch.set(digests.subarray(at, at + take), this.#held);
      at += take;
      this.#held += take;
      if (this.#held === BATCH_SIZE) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const blocks = this.#batch.slice(0, this.#held);
    this.#held = 0;
    await this.#edges.write(this.#offset, blocks);
    this.#offset += blocks.length;
    await this.#edges.up(this.#edges.hash(blocks));
  }

  /** Zeros after the last digest, up to a whole block. */
  async finish(): Promise<void> {
    if (this.#held === 0) return;
    const end = Math.ceil(this.#held / this.#blockSize) * this.#blockSize;
    this.#batch.fill(0, this.#held, end);
    this.#held = end;
    await this.#flush();
  }
}
