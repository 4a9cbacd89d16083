/**
 * Verifies a large image in several Web Workers, each with a module and open
 * files of its own. Ranges are handed out in order, so that the bad block that
 * is reported is the first one.
 */
import { CoreError, type CoreProblemKind } from "../errors.ts";
import { VerityMismatch } from "./image.ts";
import type { VerityParams } from "./layout.ts";

/** A range that one worker verifies at a time, in bytes. */
const RANGE_BYTES = 16 << 20;
const WORKERS_MAX = 64;

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

/** What a worker says: once after the start, then for each range. */
export type PoolAnswer =
  | { readonly checked: number }
  | {
    readonly mismatch: {
      readonly where: "data" | number;
      readonly block: number;
      readonly offset: number;
    };
  }
  | {
    readonly refused: {
      readonly kind: CoreProblemKind;
      readonly what: string;
      readonly offset: number;
    };
  }
  | { readonly broken: string };

/** What {@linkcode verifyInWorkers} works on. */
export interface PoolOptions extends PoolStart {
  /** 1 to 64. */
  readonly workers: number;
  /** `verity/worker.ts`, when this file is in a bundle. */
  readonly worker?: URL;
  readonly progress?: (blocks: number) => void;
}

function errorOf(answer: Exclude<PoolAnswer, { checked: number }>): Error {
  if ("mismatch" in answer) {
    const { where, block, offset } = answer.mismatch;
    return new VerityMismatch(where, block, offset);
  }
  if ("refused" in answer) {
    const { kind, what, offset } = answer.refused;
    return new CoreError(kind, what, offset);
  }
  return new Error(answer.broken);
}

/** Sends one message and waits for its answer. */
function ask(worker: Worker, message: PoolStart | PoolRange) {
  return new Promise<PoolAnswer>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<PoolAnswer>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      resolve({ broken: event.message });
    };
    worker.postMessage(message);
  });
}

/** Verifies all data blocks; as `VerityImage.verify`. */
export async function verifyInWorkers(options: PoolOptions): Promise<number> {
  const { dataPath, treePath, params, rootHash, wasm } = options;
  if (!(options.workers >= 1 && options.workers <= WORKERS_MAX)) {
    throw new RangeError(`1 to ${WORKERS_MAX} workers`);
  }
  const start: PoolStart = { dataPath, treePath, params, rootHash };
  const first = wasm ? { ...start, wasm } : start;
  const at = options.worker ?? new URL("./worker.ts", import.meta.url);
  const ranges = rangesOf(params);
  const failures: { first: number; error: Error }[] = [];
  let checked = 0;

  const work = async () => {
    const worker = new Worker(at, { type: "module" });
    try {
      let answer = await ask(worker, first);
      let range: PoolRange = { first: 0, count: 0 };
      while ("checked" in answer) {
        checked += answer.checked;
        if (answer.checked > 0) options.progress?.(checked);
        // Ranges already handed out are before any that is not.
        const next = failures.length === 0 ? ranges.next() : undefined;
        if (!next?.value) return;
        range = next.value;
        answer = await ask(worker, range);
      }
      failures.push({ first: range.first, error: errorOf(answer) });
    } finally {
      worker.terminate();
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
