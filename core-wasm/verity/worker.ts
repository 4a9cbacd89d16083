/**
 * One worker of `pool.ts`: opens the files for itself, loads the module for
 * itself, and verifies the ranges that it is given.
 */
import { CoreError } from "../errors.ts";
import { FileSource } from "../file.ts";
import { loadCore } from "../mod.ts";
import { VerityImage, VerityMismatch } from "./image.ts";
import type { PoolAnswer, PoolRange, PoolStart } from "./pool.ts";

/** The part of a worker's global scope that is used. */
interface Scope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(answer: PoolAnswer): void;
}

const scope = globalThis as unknown as Scope;

async function open(start: PoolStart): Promise<VerityImage> {
  const core = await loadCore(start.wasm);
  return new VerityImage(core, {
    data: await FileSource.open(start.dataPath),
    tree: await FileSource.open(start.treePath),
    params: start.params,
    rootHash: start.rootHash,
  });
}

function failure(thrown: unknown): PoolAnswer {
  if (thrown instanceof VerityMismatch) {
    const { where, block, offset } = thrown;
    return { mismatch: { where, block, offset } };
  }
  if (thrown instanceof CoreError) {
    const { kind, what, offset } = thrown;
    return { refused: { kind, what, offset } };
  }
  return { broken: String(thrown) };
}

let image: Promise<VerityImage> | undefined;

scope.onmessage = async ({ data }: MessageEvent<PoolStart | PoolRange>) => {
  try {
    if ("dataPath" in data) {
      image = open(data);
      await image;
      scope.postMessage({ checked: 0 });
    } else {
      scope.postMessage({ checked: await (await image!).verify(data) });
    }
  } catch (thrown) {
    scope.postMessage(failure(thrown));
  }
};
