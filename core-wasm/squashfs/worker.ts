/** One thread of `pool.ts`: decompresses what it is given. */
import { CoreError } from "../errors.ts";
import { type Core, loadCore } from "../mod.ts";
import { serve } from "../threads.ts";
import type { PoolAnswer, PoolStart } from "./pool.ts";
import { type Batch, unpackAll } from "./unpack.ts";

let core: Core | undefined;

serve(async (message) => {
  const question = message as PoolStart | Batch;
  if (!("blocks" in question)) {
    core = await loadCore(question.wasm);
    return { value: undefined };
  }
  const { input, output } = question;
  const sizes = unpackAll(core!, question).map((size) => {
    if (!(size instanceof CoreError)) return size;
    const { kind, what, offset } = size;
    return { kind, what, offset };
  });
  const value: PoolAnswer = { input, output, sizes };
  return { value, transfer: [input.buffer, output.buffer] };
});
