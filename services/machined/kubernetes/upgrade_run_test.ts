/** Followers of an upgrade: what each is told, and how it ends for them. */
import { assertEquals, assertRejects } from "@std/assert";
import { type UpgradeProgress, UpgradeRun } from "./upgrade_run.ts";

function step(name: string, reason = ""): UpgradeProgress {
  return { kind: "component", name, done: reason === "OK", reason };
}

/** A run that the test tells what to say, and when to end. */
function setUp() {
  const end = Promise.withResolvers<void>();
  let tell: (progress: UpgradeProgress) => void = () => {};
  const run = new UpgradeRun("v1.37.2", (given) => {
    tell = given;
    return end.promise;
  });
  return { run, end, tell: (progress: UpgradeProgress) => tell(progress) };
}

const { signal } = new AbortController();

Deno.test("upgrade run: each follower is told all, late ones at once", async () => {
  const { run, end, tell } = setUp();
  tell(step("a"));
  const early = run.follow(signal);
  assertEquals((await early.next()).value, step("a"));
  const next = early.next();
  tell(step("a", "OK"));
  tell(step("b"));
  assertEquals((await next).value, step("a", "OK"));
  const late = run.follow(signal);
  assertEquals((await late.next()).value, step("a", "OK"));
  tell(step("b", "OK"));
  end.resolve();
  await run.over;
  for (const follower of [early, late]) {
    // The b that waited was overtaken.
    assertEquals((await follower.next()).value, step("b", "OK"));
    assertEquals((await follower.next()).done, true);
  }
  assertEquals(run.failure, undefined);
});

Deno.test("upgrade run: a failure is the end for every follower", async () => {
  const { run, end, tell } = setUp();
  const follower = run.follow(signal);
  tell(step("a"));
  end.reject(new Error("lost"));
  await run.over;
  assertEquals((await follower.next()).value, step("a"));
  await assertRejects(() => follower.next(), Error, "lost");
  assertEquals(run.failure, "lost");
});

Deno.test("upgrade run: who goes away leaves it alone", async () => {
  const { run, end, tell } = setUp();
  const left = new AbortController();
  const follower = run.follow(left.signal);
  const next = follower.next();
  left.abort(new Error("gone"));
  await assertRejects(() => next, Error, "gone");
  tell(step("a", "OK"));
  end.resolve();
  await run.over;
  assertEquals((await run.follow(signal).next()).value, step("a", "OK"));
});
