/** Deadlines on a clock by hand. */
import { assertEquals } from "@std/assert";
import { Deadlines } from "./deadlines.ts";

function setup() {
  let now = 0;
  let timer: { run: () => void; at: number } | undefined;
  const late: string[] = [];
  const deadlines = new Deadlines({
    now: () => now,
    setTimer(run, ms) {
      timer = { run, at: now + ms };
      return 1;
    },
    clearTimer: () => timer = undefined,
  });
  const advance = (ms: number) => {
    now += ms;
    while (timer && timer.at <= now) {
      const { run } = timer;
      timer = undefined;
      run();
    }
  };
  const add = (name: string, ms: number) =>
    deadlines.add(ms, () => late.push(name));
  return { add, advance, late, armed: () => timer !== undefined };
}

Deno.test("deadlines are told in their order, at most a tick late", () => {
  const { add, advance, late, armed } = setup();
  add("b", 100);
  add("a", 30);
  add("c", 100);
  advance(29);
  assertEquals(late, []);
  advance(21);
  assertEquals(late, ["a"]);
  advance(49);
  assertEquals(late, ["a"]);
  advance(21);
  assertEquals(late, ["a", "b", "c"]);
  assertEquals(armed(), false);
});

Deno.test("what is cancelled is not told, and holds no timer", () => {
  const { add, advance, late, armed } = setup();
  const first = add("first", 50);
  const second = add("second", 90);
  first.cancel();
  assertEquals(armed(), true);
  second.cancel();
  assertEquals(armed(), false);
  second.cancel();
  advance(1_000);
  assertEquals(late, []);
});

Deno.test("a deadline beyond what timers hold never comes", () => {
  const { add, armed } = setup();
  add("never", 99_999_999 * 3_600_000).cancel();
  assertEquals(armed(), false);
});

Deno.test("a deadline may set another one", () => {
  const { add, advance, late } = setup();
  add("first", 10);
  advance(20);
  add("second", 0);
  advance(20);
  assertEquals(late, ["first", "second"]);
});
