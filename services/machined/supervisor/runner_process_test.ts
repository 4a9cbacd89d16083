/** Tests of process runs, with this machine's own deno as the program. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import { isOwnChild } from "../children.ts";
import { ProcessRunner } from "./runner_process.ts";

const FOREVER = new AbortController().signal;

function run(script: string, graceMs = 10_000) {
  const lines: string[] = [];
  const runner = new ProcessRunner({
    command: ["/bin/sh", "-c", script],
    env: { ONLY: "this" },
    log: (line) => lines.push(line),
    graceMs,
  });
  return { runner, lines };
}

Deno.test("a process run tells its pid, its output and its end", async () => {
  const { runner, lines } = run("echo $ONLY $HOME; echo bad >&2; exit 3");
  const text = await runner.start(FOREVER);
  const pid =
    /^Process Process\(\["\/bin\/sh","-c",.*\]\) started with PID (\d+)$/
      .exec(text);
  assert(pid, text);
  assertEquals(isOwnChild(Number(pid[1])), true);
  assertEquals(await runner.exited, { clean: false, reason: "exit code 3" });
  assertEquals(lines.sort(), ["bad", "this"]);
  assertEquals(isOwnChild(Number(pid[1])), false);
});

Deno.test("stop() ends a process, also one that ignores SIGTERM", async () => {
  const kind = run("exec sleep 60");
  await kind.runner.start(FOREVER);
  await kind.runner.stop();
  assertEquals(await kind.runner.exited, {
    clean: true,
    reason: "signal SIGTERM",
  });
  const deaf = run(
    "trap '' TERM; echo up; while :; do read x < /dev/zero; done",
    50,
  );
  await deaf.runner.start(FOREVER);
  await eventually(() => deaf.lines.includes("up"));
  await deaf.runner.stop();
  assertEquals((await deaf.runner.exited).reason, "signal SIGKILL");
});

Deno.test("a grandchild that keeps the output open holds nothing up", async () => {
  const { runner, lines } = run("sleep 5 & echo $!; exit 0");
  await runner.start(FOREVER);
  const before = performance.now();
  assertEquals(await runner.exited, { clean: true, reason: "exit code 0" });
  assert(performance.now() - before < 4_000, "waited for the grandchild");
  Deno.kill(Number(lines[0]), "SIGKILL");
});

Deno.test("what cannot be started is refused", async () => {
  const runner = new ProcessRunner({ command: ["/nowhere"], log: () => {} });
  const thrown = await assertRejects(() => runner.start(FOREVER));
  assertMatch(String(thrown), /NotFound/);
});
