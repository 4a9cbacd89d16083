/** Tests of the control protocol's bytes, hostile ones first of all. */
import { assertEquals, assertThrows } from "@std/assert";
import type { Report } from "./protocol.ts";
import {
  decodeCommand,
  decodeReport,
  encodeLine,
  LineSplitter,
  REPORT_BYTES_MAX,
  TEXT_CHARS_MAX,
  WireError,
} from "./wire.ts";
import { LINE_CHARS, REPORT_CHARS } from "./log_window.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("LineSplitter joins chunks and keeps what it was given", () => {
  const splitter = new LineSplitter(16);
  const buffer = bytes("ab");
  assertEquals(splitter.push(buffer), []);
  buffer.fill(0x7a);
  assertEquals(splitter.push(bytes("c\n\nde\nf")), ["abc", "", "de"]);
  assertEquals(splitter.push(bytes("\n")), ["f"]);
});

Deno.test("LineSplitter refuses a line beyond its limit at once", () => {
  const exact = new LineSplitter(4);
  assertEquals(exact.push(bytes("abcd\n")), ["abcd"]);
  assertThrows(() => new LineSplitter(4).push(bytes("abcde")), WireError);
  const slow = new LineSplitter(4);
  slow.push(bytes("abc"));
  assertThrows(() => slow.push(bytes("de")), WireError, "longer than 4");
});

const REPORTS: readonly Report[] = [
  { type: "ready", worker: "apid" },
  { type: "heartbeat", worker: "" },
  { type: "health", worker: "apid", healthy: false, message: "no" },
  { type: "log", worker: "apid", lines: ["a", "b"] },
  { type: "notice", worker: "apid", text: "t" },
  { type: "exited", worker: "apid" },
  { type: "exited", worker: "apid", error: "outer: inner" },
  { type: "stuck", worker: "apid", reason: "hang" },
];

Deno.test("decodeReport() reads what encodeLine() writes", () => {
  for (const report of REPORTS) {
    const [line] = new LineSplitter(REPORT_BYTES_MAX).push(encodeLine(report));
    assertEquals(decodeReport(line!), report);
  }
});

Deno.test("the longest log report fits its line", () => {
  const line = "\u0001".repeat(LINE_CHARS);
  const lines = Array.from(
    { length: REPORT_CHARS / LINE_CHARS + 1 },
    () => line,
  );
  const encoded = encodeLine({ type: "log", worker: "w".repeat(64), lines });
  assertEquals(new LineSplitter(REPORT_BYTES_MAX).push(encoded).length, 1);
});

Deno.test("decodeReport() refuses everything else", async (t) => {
  const refused = [
    "",
    "null",
    "[]",
    '"ready"',
    "{",
    "[".repeat(100_000),
    "{}",
    '{"type":"ready"}',
    '{"type":"ready","worker":1}',
    '{"type":"health","worker":"a","healthy":1,"message":""}',
    '{"type":"log","worker":"a","lines":"x"}',
    '{"type":"log","worker":"a","lines":[1]}',
    '{"type":"exited","worker":"a","error":{}}',
    '{"type":"start","worker":"a","entry":"/x"}',
    '{"__proto__":{"type":"ready","worker":"a"}}',
  ];
  for (const line of refused) {
    await t.step(
      line.slice(0, 40),
      () => void assertThrows(() => decodeReport(line), WireError, "malformed"),
    );
  }
});

Deno.test("decodeReport() cuts long texts", () => {
  const line = JSON.stringify({
    type: "notice",
    worker: "a",
    text: "x".repeat(TEXT_CHARS_MAX + 1),
  });
  assertEquals(decodeReport(line), {
    type: "notice",
    worker: "a",
    text: "x".repeat(TEXT_CHARS_MAX) + "...",
  });
});

Deno.test("decodeReport() lets nobody forge lines or paint terminals", () => {
  const line = JSON.stringify({
    type: "log",
    worker: "a",
    lines: ["a\nb", "\x1b[2J"],
  });
  assertEquals(decodeReport(line), {
    type: "log",
    worker: "a",
    lines: ["a\\x0ab", "\\x1b[2J"],
  });
});

Deno.test("decodeCommand() takes commands and no reports", () => {
  const stop = { type: "stop", worker: "apid" } as const;
  assertEquals(decodeCommand(JSON.stringify(stop)), stop);
  assertThrows(
    () => decodeCommand('{"type":"ready","worker":"apid"}'),
    WireError,
  );
  assertThrows(
    () => decodeCommand('{"type":"configure","worker":"apid"}'),
    WireError,
    '"config"',
  );
});
