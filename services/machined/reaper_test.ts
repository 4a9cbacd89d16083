/** The reaper, on a pretend kernel. */
import { assertEquals } from "@std/assert";
import { createLogger } from "#lib/log.ts";
import type { ExitedChild } from "#lib/sys/sys.ts";
import { eventually } from "#tests/eventually.ts";
import { startReaper } from "./reaper.ts";

/** A kernel that shows its exited children in order. */
class Zombies {
  readonly reaped: number[] = [];
  constructor(public waiting: ExitedChild[]) {}

  peekExited(): ExitedChild | undefined {
    return this.waiting[0];
  }

  reap(pid: number): boolean {
    assertEquals(pid, this.waiting[0]?.pid);
    this.waiting.shift();
    this.reaped.push(pid);
    return true;
  }
}

Deno.test("orphans are reaped, ours are left to Deno and hide others for a while only", async () => {
  const sys = new Zombies([
    { pid: 10, code: 0 },
    { pid: 20, signal: 9 },
    { pid: 30, code: 1 },
  ]);
  const lines: string[] = [];
  const stop = new AbortController();
  startReaper({
    sys,
    log: createLogger((line) => lines.push(line.replace(/^\S+ /, ""))),
    ours: (pid) => pid === 20,
  }, stop.signal);
  assertEquals(sys.reaped, [10]);
  // Deno collects its own.
  sys.waiting = sys.waiting.filter(({ pid }) => pid !== 20);
  await eventually(() => sys.reaped.length === 2);
  stop.abort();
  assertEquals(sys.reaped, [10, 30]);
  assertEquals(lines, [
    "debug reaped orphan 10, exit code 0",
    "debug reaped orphan 30, exit code 1",
  ]);
});

Deno.test("a kernel that refuses does not end the reaper", async () => {
  let asked = 0;
  const stop = new AbortController();
  const { onChild } = startReaper({
    sys: {
      peekExited() {
        asked++;
        throw new Error("refused");
      },
      reap: () => false,
    },
    log: createLogger(() => {}),
  }, stop.signal);
  onChild();
  await eventually(() => asked === 2);
  stop.abort();
});
