/** One thread of `pool.ts`: decompresses what it is given. */
import { CoreError } from "../errors.ts";
import { type Core, loadCore } from "../mod.ts";
import { serve } from "../threads.ts";
import { unpackAll } from "./data.ts";
import type { PoolAnswer, PoolQuestion, PoolStart } from "./pool.ts";

let core: Core | undefined;

serve(async (message) => {
  const question = message as PoolStart | PoolQuestion;
  if (!("batch" in question)) {
    core = await loadCore(question.wasm);
    return { value: undefined };
  }
  const decompress = core!.decompress.bind(core);
  const all = unpackAll(decompress, question.bytes, question.batch);
  const value: PoolAnswer = all.map((unpacked) => {
    if (!(unpacked instanceof CoreError)) return unpacked;
    const { kind, what, offset } = unpacked;
    return { kind, what, offset };
  });
  const transfer = all.flatMap((unpacked) =>
    unpacked instanceof CoreError ? [] : [unpacked.buffer as ArrayBuffer]
  );
  return { value, transfer };
});
