/** Decompresses blocks in threads, each with a module of its own. */
import { CoreError, type CoreProblemKind } from "../errors.ts";
import { Thread, THREADS_MAX } from "../threads.ts";
import type { Batch, Unpacked, Unpacker } from "./data.ts";

/** What a thread is told first. */
export interface PoolStart {
  /** The bytes of core.wasm, when it is not beside the source. */
  readonly wasm?: BufferSource;
}

/** What a thread decompresses next. */
export interface PoolQuestion {
  readonly bytes: Uint8Array;
  readonly batch: Batch;
}

/** What became of each block. */
export type PoolAnswer = readonly (
  | Uint8Array
  | {
    readonly kind: CoreProblemKind;
    readonly what: string;
    readonly offset: number;
  }
)[];

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

  async unpack(bytes: Uint8Array, batch: Batch): Promise<readonly Unpacked[]> {
    let [least] = this.#threads;
    for (const thread of this.#threads) {
      if (thread.waiting < least!.waiting) least = thread;
    }
    // The bytes are the source's, perhaps a part of many.
    const own = bytes.slice();
    const question: PoolQuestion = { bytes: own, batch };
    const all = await least!.ask<PoolAnswer>(question, [own.buffer]);
    return all.map((unpacked) => {
      if (unpacked instanceof Uint8Array) return unpacked;
      const { kind, what, offset } = unpacked;
      return new CoreError(kind, what, offset);
    });
  }

  /** Ends all threads. */
  end(): void {
    for (const thread of this.#threads) thread.end();
  }
}
