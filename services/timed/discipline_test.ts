/** Decisions about offsets and intervals. */
import { assertEquals } from "@std/assert";
import {
  type Correction,
  correctionFor,
  nextPoll,
  pollDelayMs,
  retryDelayMs,
  type Situation,
} from "./discipline.ts";

Deno.test("discipline: corrections", async (t) => {
  const cases: [string, Situation, Correction][] = [
    [
      "a container's clock is left alone",
      { offsetMs: 1e9, owned: false, synced: false },
      { kind: "none" },
    ],
    [
      "small: slew",
      { offsetMs: -128, owned: true, synced: false },
      { kind: "slew", byMs: -128 },
    ],
    [
      "large, first: step",
      { offsetMs: 128.1, owned: true, synced: false },
      { kind: "step", byMs: 128.1 },
    ],
    [
      "large, later: ask again",
      { offsetMs: -9_000, owned: true, synced: true },
      { kind: "confirm" },
    ],
    [
      "said twice: step",
      { offsetMs: -9_000, owned: true, synced: true, suspectMs: -9_050 },
      { kind: "step", byMs: -9_000 },
    ],
    [
      "two different spikes: ask again",
      { offsetMs: -9_000, owned: true, synced: true, suspectMs: 400 },
      { kind: "confirm" },
    ],
    [
      "the spike is gone: slew",
      { offsetMs: 3, owned: true, synced: true, suspectMs: 400 },
      { kind: "slew", byMs: 3 },
    ],
  ];
  for (const [name, situation, correction] of cases) {
    await t.step(
      name,
      () => assertEquals(correctionFor(situation), correction),
    );
  }
});

Deno.test("discipline: intervals", () => {
  const slew: Correction = { kind: "slew", byMs: 1 };
  assertEquals(nextPoll(6, 1, slew), 7);
  assertEquals(nextPoll(10, 1, slew), 10);
  assertEquals(nextPoll(9, 50, slew), 8);
  assertEquals(nextPoll(6, 50, slew), 6);
  assertEquals(nextPoll(10, 900, { kind: "confirm" }), 6);
  assertEquals(nextPoll(10, 900, { kind: "step", byMs: 900 }), 6);
  assertEquals(pollDelayMs(6, slew, 0.5), 64_000);
  assertEquals(pollDelayMs(10, slew, 0), 1_024_000 * 0.95);
  assertEquals(pollDelayMs(6, { kind: "confirm" }, 0.9), 2_000);
  assertEquals(retryDelayMs(1, 0.5), 1_000);
  assertEquals(retryDelayMs(4, 0.5), 8_000);
  assertEquals(retryDelayMs(50, 0.5), 64_000);
});
