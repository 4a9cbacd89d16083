/** Logs: tails, following, slow readers, limits. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { LOG_LINE_BYTES, ServiceLog, ServiceLogs } from "./log_store.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function readAll(log: ServiceLog, tailLines: number): Promise<string> {
  let all = "";
  const { signal } = new AbortController();
  for await (const c of log.follow({ tailLines, follow: false, signal })) {
    all += text(c);
  }
  return all;
}

Deno.test("tail_lines: negative is all, 0 none, n the last n", async (t) => {
  const log = new ServiceLog();
  for (const line of ["one", "two", "three"]) log.append(line);
  const cases: [number, string][] = [
    [-1, "one\ntwo\nthree\n"],
    [0, ""],
    [1, "three\n"],
    [2, "two\nthree\n"],
    [100, "one\ntwo\nthree\n"],
  ];
  for (const [tailLines, want] of cases) {
    await t.step(`${tailLines}`, async () => {
      assertEquals(await readAll(log, tailLines), want);
    });
  }
});

Deno.test("a follower gets what is written later, then ends with its signal", async () => {
  const log = new ServiceLog();
  log.append("old");
  const abort = new AbortController();
  const reader = log.follow({
    tailLines: -1,
    follow: true,
    signal: abort.signal,
  });
  assertEquals(text((await reader.next()).value!), "old\n");
  const pending = reader.next();
  log.append("new");
  assertEquals(text((await pending).value!), "new\n");
  const last = reader.next();
  abort.abort();
  assertEquals((await last).done, true);
});

Deno.test("a slow follower loses bytes, is told, and goes on at a line", async () => {
  const log = new ServiceLog();
  const { signal } = new AbortController();
  log.append("first");
  const reader = log.follow({ tailLines: -1, follow: true, signal });
  assertEquals(text((await reader.next()).value!), "first\n");
  const line = "x".repeat(99);
  for (let i = 0; i < 20_000; i++) log.append(line);
  assertMatch(text((await reader.next()).value!), /^\.\.\. \d+ bytes lost: /);
  const chunk = text((await reader.next()).value!);
  assertEquals(chunk.slice(0, 100), `${line}\n`);
  assertEquals(log.sizeBytes, 1024 * 1024);
  await reader.return(undefined);
});

Deno.test("a full log tails from a whole line behind the gap", async () => {
  const log = new ServiceLog();
  for (let i = 0; i < 200_000; i++) log.append(`line ${i}`);
  const all = await readAll(log, -1);
  assertMatch(all, /^line \d+\n/);
  assert(all.length > 1024 * 1024 - 4096);
  assert(all.endsWith("line 199999\n"));
});

Deno.test("one line cannot empty the ring", async () => {
  const log = new ServiceLog();
  log.append("before");
  log.append("é".repeat(1 << 20));
  const all = await readAll(log, -1);
  assert(all.startsWith("before\n"));
  assertEquals(
    new TextEncoder().encode(all).length <= LOG_LINE_BYTES + 16,
    true,
  );
});

Deno.test("the store registers on first sink, and tees", () => {
  const logs = new ServiceLogs();
  const seen: string[] = [];
  logs.tee = (id, line) => seen.push(`${id}: ${line}`);
  assertEquals(logs.get("apid"), undefined);
  logs.sink("trustd");
  logs.sink("apid")("hello");
  assertEquals(logs.ids(), ["apid", "trustd"]);
  assertEquals(seen, ["apid: hello"]);
});
