/** What makes a cluster runs until it is made, and never beside the keeper. */
import { assertEquals } from "@std/assert";
import { createLogger } from "#lib/log.ts";
import { FakeClock } from "../supervisor/fake.ts";
import { bootkubeSpec } from "./bootkube.ts";

Deno.test("bootkube: made once, a later config is the keeper's", async () => {
  let passes = 0, done = 0;
  const { runner } = bootkubeSpec({
    keeper: {
      settle: () =>
        ++passes === 1
          ? Promise.reject(new Error("not yet"))
          : Promise.resolve(),
    },
    isDone: () => done > 0,
    onDone: () => done++,
    clock: new FakeClock(),
    log: createLogger(() => {}),
  });
  for (const wanted of [1, 2]) {
    const run = runner();
    await run.start(new AbortController().signal);
    await run.exited;
    assertEquals([passes, done], [2, wanted]);
  }
});
