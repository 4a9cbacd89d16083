/** Reaping what is ours to reap, and nothing else. */
import { assertEquals } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import { FakeSys } from "./fake.ts";
import { decodeSiginfo, reapOrphans } from "./process.ts";
import { realSys } from "./real.ts";

Deno.test("process: orphans are reaped, children of Deno are not", () => {
  const sys = new FakeSys();
  sys.exited.push({ pid: 10, code: 0 }, { pid: 11, signal: 9 });
  sys.exited.push({ pid: 12, code: 3 }, { pid: 13, code: 0 });
  const ours = new Set([12]);
  assertEquals(reapOrphans(sys, (pid) => ours.has(pid)), {
    reaped: [{ pid: 10, code: 0 }, { pid: 11, signal: 9 }],
    blocked: true,
  });
  // Deno reaps its own.
  assertEquals(sys.exited.shift(), { pid: 12, code: 3 });
  assertEquals(reapOrphans(sys, (pid) => ours.has(pid)), {
    reaped: [{ pid: 13, code: 0 }],
    blocked: false,
  });
});

Deno.test("process: one call reaps a bounded number", () => {
  const sys = new FakeSys();
  for (let pid = 2; pid < 1002; pid++) sys.exited.push({ pid, code: 0 });
  assertEquals(reapOrphans(sys, () => false).reaped.length, 256);
  assertEquals(sys.exited.length, 744);
});

Deno.test("process: siginfo_t", async (t) => {
  const info = (code: number, pid: number, status: number) => {
    const bytes = new Uint8Array(128);
    const words = new Int32Array(bytes.buffer);
    [words[0], words[2], words[4], words[6]] = [17, code, pid, status];
    return bytes;
  };
  await t.step("nothing", () => {
    assertEquals(decodeSiginfo(new Uint8Array(128)), undefined);
  });
  await t.step("exited", () => {
    assertEquals(decodeSiginfo(info(1, 42, 7)), { pid: 42, code: 7 });
  });
  await t.step("killed", () => {
    assertEquals(decodeSiginfo(info(2, 42, 9)), { pid: 42, signal: 9 });
  });
});

/** Runs in a process of its own: being a subreaper must not leak into others. */
const SUBREAPER = `
import { realSys } from ${JSON.stringify(import.meta.resolve("./real.ts"))};
import { reapOrphans } from ${
  JSON.stringify(import.meta.resolve("./process.ts"))
};
realSys.setChildSubreaper(true);
// A child that leaves a grandchild behind: the orphan comes to us.
const child = new Deno.Command("/bin/sh", {
  args: ["-c", "(exit 7) & sleep 0.05 & exit 3"],
}).spawn();
const ours = new Set([child.pid]);
const reaped = [];
const end = performance.now() + 8000;
let status;
child.status.then((s) => status = s);
while ((reaped.length < 1 || !status) && performance.now() < end) {
  reaped.push(...reapOrphans(realSys, (pid) => ours.has(pid)).reaped);
  await new Promise((r) => setTimeout(r, 10));
}
console.log(JSON.stringify({
  code: status?.code,
  orphans: reaped.every((c) => c.pid !== child.pid) && reaped.length > 0,
}));
`;

Deno.test("process: a real subreaper leaves Deno.Command its exit status", async () => {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, SUBREAPER);
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `--config=${config}`, file],
    env: { NO_COLOR: "1" },
    stderr: "inherit",
  }).output();
  await Deno.remove(file);
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
    code: 3,
    orphans: true,
  });
});

Deno.test("process: a peek leaves the child to Deno", async () => {
  const child = new Deno.Command("/bin/sh", { args: ["-c", "exit 5"] }).spawn();
  await eventually(() => {
    try {
      realSys.kill(child.pid, 0);
      realSys.peekExited();
      return false;
    } catch {
      return true; // gone: Deno has reaped it
    }
  });
  assertEquals((await child.status).code, 5);
});
