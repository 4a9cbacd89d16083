/**
 * One worker of `pool.ts`: opens the files for itself, loads the module for
 * itself, and verifies the ranges that it is given.
 */
import { FileSource } from "../file.ts";
import { loadCore } from "../mod.ts";
import { serve } from "../threads.ts";
import { VerityImage, VerityMismatch } from "./image.ts";
import type { PoolAnswer, PoolRange, PoolStart } from "./pool.ts";

async function open(start: PoolStart): Promise<VerityImage> {
  const core = await loadCore(start.wasm);
  return new VerityImage(core, {
    data: await FileSource.open(start.dataPath),
    tree: await FileSource.open(start.treePath),
    params: start.params,
    rootHash: start.rootHash,
  });
}

async function verify(
  image: VerityImage,
  range: PoolRange,
): Promise<PoolAnswer> {
  try {
    return { checked: await image.verify(range) };
  } catch (thrown) {
    if (!(thrown instanceof VerityMismatch)) throw thrown;
    const { where, block, offset } = thrown;
    return { mismatch: { where, block, offset } };
  }
}

let image: VerityImage | undefined;

serve(async (message) => {
  const question = message as PoolStart | PoolRange;
  if ("dataPath" in question) {
    image = await open(question);
    return { value: undefined };
  }
  return { value: await verify(image!, question) };
});
