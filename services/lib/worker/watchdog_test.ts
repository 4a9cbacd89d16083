/** Tests of the watchdog on the real clock. */
import { assert, assertEquals } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import { Watchdog } from "./watchdog.ts";

Deno.test("Watchdog barks once, after silence only", async () => {
  const barks: string[] = [];
  const dog = new Watchdog((reason) => barks.push(reason));
  dog.expect(20, "first");
  dog.expect(40, "second");
  await eventually(() => barks.length > 0);
  assertEquals(barks, ["second"]);
  dog.expect(20, "third");
  dog.stop();
  dog.expect(60_000, "never");
  dog.stop();
});

Deno.test("Watchdog gives what was held up with it another tick", async () => {
  const barks: string[] = [];
  const dog = new Watchdog(() => barks.push("hang"));
  const began = performance.now();
  dog.expect(100, "hang");
  // The whole process is busy, and so would be whoever is watched.
  while (performance.now() - began < 500);
  await eventually(() => barks.length > 0);
  assert(performance.now() - began >= 590, "barked at once");
});
