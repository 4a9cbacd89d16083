/** Renewal on a clock that the test turns. */
import { assertEquals } from "@std/assert";
import type { Clock } from "#lib/clock.ts";
import { createLogger } from "#lib/log.ts";
import { Ca, generateCa, HOUR_MS } from "./ca.ts";
import { keepRenewed } from "./renewal.ts";

const START = Date.parse("2026-03-04T05:06:00Z");
const pair = await generateCa({ kind: "machine", clock: { now: () => START } });
const ca = await Ca.load({ ...pair });

/** A clock that sleeping moves; `onSleep` may move it too. */
class TurnedClock implements Clock {
  time = START;
  sleeps = 0;
  onSleep: (clock: TurnedClock) => void = () => {};

  now() {
    return this.time;
  }
  monotonic() {
    return this.time;
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.time += ms;
    this.sleeps++;
    this.onSleep(this);
    return Promise.resolve();
  }
}

interface Event {
  readonly what: "issued" | "failed";
  readonly hours: number;
}

/** Runs until `count` attempts; `attempt` says whether each succeeds. */
async function run(
  count: number,
  attempt: (n: number) => boolean,
  clock = new TurnedClock(),
  issuerAheadMs = 0,
): Promise<Event[]> {
  const stop = new AbortController();
  const events: Event[] = [];
  const note = (what: Event["what"]) => {
    const hours = (clock.time - START) / HOUR_MS;
    events.push({ what, hours: Math.round(hours * 1000) / 1000 });
    if (events.length === count) stop.abort();
  };
  await keepRenewed({
    issue: async () => {
      if (!attempt(events.length)) throw new Error("no");
      const now = () => clock.time + issuerAheadMs;
      const leaf = await ca.issuePair({ usages: ["server"], clock: { now } });
      return { ca: pair.crt, ...leaf };
    },
    onIdentity: () => note("issued"),
    onFailure: () => note("failed"),
    clock,
    log: createLogger(() => {}),
    signal: stop.signal,
  });
  return events;
}

Deno.test("renews at half life", async () => {
  assertEquals(await run(3, () => true), [
    { what: "issued", hours: 0 },
    { what: "issued", hours: 12 },
    { what: "issued", hours: 24 },
  ]);
});

Deno.test("asks soon, then every 5 s while there is nothing", async () => {
  const clock = new TurnedClock();
  const pauses: number[] = [];
  let before = clock.time;
  clock.onSleep = ({ time }) => {
    pauses.push(time - before);
    before = time;
  };
  const events = await run(8, (n) => n === 7, clock);
  assertEquals(pauses, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  assertEquals(events.at(-1)!.what, "issued");
});

Deno.test("a failed renewal halves what is left, down to 5 s", async () => {
  const events = await run(20, (n) => n === 0);
  assertEquals(events.slice(0, 5), [
    { what: "issued", hours: 0 },
    { what: "failed", hours: 12 },
    { what: "failed", hours: 18 },
    { what: "failed", hours: 21 },
    { what: "failed", hours: 22.5 },
  ]);
  const last = events.at(-1)!.hours - events.at(-2)!.hours;
  assertEquals(Math.round(last * 3600) <= 6, true);
});

Deno.test("a clock that jumps is seen within a minute", async (t) => {
  await t.step("ahead, beyond the end", async () => {
    const clock = new TurnedClock();
    clock.onSleep = (c) => {
      if (c.sleeps === 1) c.time += 100 * HOUR_MS;
    };
    assertEquals(await run(2, () => true, clock), [
      { what: "issued", hours: 0 },
      { what: "issued", hours: 100.017 },
    ]);
  });
  await t.step("back, before the start", async () => {
    const clock = new TurnedClock();
    clock.onSleep = (c) => {
      if (c.sleeps === 1) c.time -= 10 * HOUR_MS;
    };
    assertEquals(await run(2, () => true, clock), [
      { what: "issued", hours: 0 },
      { what: "issued", hours: -9.983 },
    ]);
  });
  await t.step(
    "behind the issuer: asked again, not in a tight loop",
    async () => {
      const clock = new TurnedClock();
      assertEquals(await run(3, () => true, clock, HOUR_MS), [
        { what: "issued", hours: 0 },
        { what: "issued", hours: 0.008 },
        { what: "issued", hours: 0.017 },
      ]);
    },
  );
});
