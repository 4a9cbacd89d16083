/**
 * Mutants of images: each is read to its end or refused, within a second and
 * 64 MiB. More of them by hand: `deno task fuzz`.
 */
import { assert, assertEquals } from "@std/assert";
import { ALL_FIELDS } from "#tests/squashfs/mutants.ts";
import { fuzz } from "../fuzz/run.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const RUNS = FULL ? 200_000 : 10_000;
/** A module is 64 MiB at most, the heap of the child 64; Deno is 60. */
const RSS_MAX = 256 << 20;

Deno.test(`mutants: ${RUNS} end in a result or a refusal`, async () => {
  assert(RUNS > ALL_FIELDS, "every boundary in every field is among them");
  const run = { seed: 1, first: 0, runs: RUNS, reader: "wasm" } as const;
  const { failures, rssBytes } = await fuzz(run);
  const told = failures.map(({ about, what, replay }) =>
    `${about}\n${what}\nreplay: ${replay}`
  );
  assertEquals(told, []);
  assert(rssBytes < RSS_MAX, `${rssBytes >> 20} MiB`);
});

/** The targets that are wrong on purpose, and what is said of them. */
const WRONG = {
  hangs: "no end within",
  drags: "it took",
  dies: "the process ended",
  grows: "bytes allocated",
  throws: "on purpose",
};

for (const [reader, part] of Object.entries(WRONG)) {
  Deno.test(`mutants: what ${reader} is found`, async () => {
    const run = { seed: 1, first: 5, runs: 1, reader };
    const watchdogMs = reader === "hangs" ? 3_000 : 60_000;
    const { failures } = await fuzz({ ...run, watchdogMs });
    assertEquals(failures.length, 1);
    const { what, replay } = failures[0]!;
    assert(what.includes(part), what);
    const wanted = "deno task fuzz -- --seed 1 --case 5";
    assertEquals(replay, `${wanted} --reader ${reader}`);
  });
}
