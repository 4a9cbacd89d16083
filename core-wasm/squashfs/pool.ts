/** Decompresses blocks in threads, each with a module of its own. */
import { CoreError, type CoreProblemKind } from "../errors.ts";
import { Thread, THREADS_MAX } from "../threads.ts";
import type { Batch, UnpackedBatch, Unpacker } from "./unpack.ts";

/** What a thread is told first. */
export interface PoolStart {
  /** The bytes of core.wasm, when it is not beside the source. */
  readonly wasm?: BufferSource;
}

/** What became of a batch; its buffers come back with it. */
export interface PoolAnswer extends Pick<UnpackedBatch, "input" | "output"> {
  readonly sizes: readonly (
    | number
    | {
      readonly kind: CoreProblemKind;
      readonly what: string;
      readonly offset: number;
    }
  )[];
}

/** How threads are started. */
export interface PoolOptions extends PoolStart {
  /** 1 to 64. */
  readonly workers: number;
  /** `squashfs/worker.ts`, when this file is in a bundle. */
  readonly worker?: URL;
}

/** Threads that decompress. */
export class UnpackPool implements Unpacker {
  readonly #threads: readonly Thread[];

  private constructor(threads: readonly Thread[]) {
    this.#threads = threads;
  }

  /** Starts all threads. */
  static async start(options: PoolOptions): Promise<UnpackPool> {
    const { workers, wasm } = options;
    if (!(workers >= 1 && workers <= THREADS_MAX)) {
      throw new RangeError(`1 to ${THREADS_MAX} workers`);
    }
    const at = options.worker ?? new URL("./worker.ts", import.meta.url);
    const first: PoolStart = wasm ? { wasm } : {};
    const threads = await Promise.all(
      Array.from({ length: workers }, () => Thread.start(at)),
    );
    const pool = new UnpackPool(threads);
    try {
      await Promise.all(threads.map((thread) => thread.ask(first)));
    } catch (thrown) {
      pool.end();
      throw thrown;
    }
    return pool;
  }

  async unpack(batch: Batch): Promise<UnpackedBatch> {
    let [least] = this.#threads;
    for (const thread of this.#threads) {
      if (thread.waiting < least!.waiting) least = thread;
    }
    const transfer = [batch.input.buffer, batch.output.buffer];
    const answer = await least!.ask<PoolAnswer>(batch, transfer);
    const sizes = answer.sizes.map((size) =>
      typeof size === "number"
        ? size
        : new CoreError(size.kind, size.what, size.offset)
    );
    return { ...answer, sizes };
  }

  /** Ends all threads. */
  end(): void {
    for (const thread of this.#threads) thread.end();
  }
}
