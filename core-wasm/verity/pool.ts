/**
 * Verifies a large image in several Web Workers, each with a module and open
 * files of its own. Ranges are handed out in order, so that the bad block that
 * is reported is the first one.
 */
import { Thread, THREADS_MAX } from "../threads.ts";
import { VerityMismatch } from "./image.ts";
import type { VerityParams } from "./layout.ts";

/** A range that one worker verifies at a time, in bytes. */
const RANGE_BYTES = 16 << 20;

/** What a worker is told first. */
export interface PoolStart {
  readonly dataPath: string;
  readonly treePath: string;
  readonly params: VerityParams;
  readonly rootHash: Uint8Array;
  /** The bytes of core.wasm, when it is not beside the source. */
  readonly wasm?: Uint8Array<ArrayBuffer>;
}

/** What a worker verifies next. */
export interface PoolRange {
  readonly first: number;
  readonly count: number;
}

/** What a worker says to a range: how much of it is well, or what is not. */
export type PoolAnswer =
  | { readonly checked: number }
  | {
    readonly mismatch: {
      readonly where: "data" | number;
      readonly block: number;
      readonly offset: number;
    };
  };

/** What {@linkcode verifyInWorkers} works on. */
export interface PoolOptions extends PoolStart {
  /** 1 to 64. */
  readonly workers: number;
  /** `verity/worker.ts`, when this file is in a bundle. */
  readonly worker?: URL;
  readonly progress?: (blocks: number) => void;
}

/** How much of a range is well; throws for what is not. */
async function verifyRange(thread: Thread, range: PoolRange): Promise<number> {
  const answer = await thread.ask<PoolAnswer>(range);
  if ("checked" in answer) return answer.checked;
  const { where, block, offset } = answer.mismatch;
  throw new VerityMismatch(where, block, offset);
}

/** Verifies all data blocks; as `VerityImage.verify`. */
export async function verifyInWorkers(options: PoolOptions): Promise<number> {
  const { dataPath, treePath, params, rootHash, wasm } = options;
  if (!(options.workers >= 1 && options.workers <= THREADS_MAX)) {
    throw new RangeError(`1 to ${THREADS_MAX} workers`);
  }
  const start: PoolStart = { dataPath, treePath, params, rootHash };
  const first = wasm ? { ...start, wasm } : start;
  const at = options.worker ?? new URL("./worker.ts", import.meta.url);
  const ranges = rangesOf(params);
  const failures: { first: number; error: unknown }[] = [];
  let checked = 0;

  const work = async () => {
    const thread = await Thread.start(at);
    let range: PoolRange = { first: 0, count: 0 };
    try {
      await thread.ask(first);
      // Ranges already handed out are before any that is not.
      while (failures.length === 0) {
        const next = ranges.next();
        if (!next.value) return;
        range = next.value;
        const count = await verifyRange(thread, range);
        checked += count;
        options.progress?.(checked);
      }
    } catch (error) {
      failures.push({ first: range.first, error });
    } finally {
      thread.end();
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  failures.sort((a, b) => a.first - b.first);
  if (failures[0]) throw failures[0].error;
  return checked;
}

function* rangesOf(params: VerityParams): Generator<PoolRange, undefined> {
  const { dataBlocks, dataBlockSize } = params;
  const step = RANGE_BYTES / dataBlockSize;
  for (let first = 0; first < dataBlocks; first += step) {
    yield { first, count: Math.min(step, dataBlocks - first) };
  }
}
