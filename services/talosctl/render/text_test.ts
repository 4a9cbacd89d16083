/** The small text forms: Go's durations, modes, times, sizes, tables. */
import { assertEquals } from "@std/assert";
import { formatDuration } from "./duration.ts";
import { formatFileMode } from "./file_mode.ts";
import { LineSplitter, printableLine } from "./lines.ts";
import { formatBytes, gigabytes } from "./size.ts";
import { StreamTable } from "./stream_table.ts";
import { formatTable } from "./table.ts";
import { formatAgo, formatGoTime, formatModified } from "./time.ts";

const timestamp = (seconds: bigint, nanos = 0) => ({
  $typeName: "google.protobuf.Timestamp" as const,
  seconds,
  nanos,
});

Deno.test("formatDuration() writes as Go", () => {
  for (
    const [ms, want] of [
      [0, "0s"],
      [1e-6, "1ns"],
      [0.0015, "1.5µs"],
      [1.5, "1.5ms"],
      [150, "150ms"],
      [1_000, "1s"],
      [1_234.567, "1.234567s"],
      [60_000, "1m0s"],
      [90_500, "1m30.5s"],
      [3_600_000, "1h0m0s"],
      [90_061_000, "25h1m1s"],
      [-5_000, "-5s"],
    ] as const
  ) assertEquals(formatDuration(ms), want);
});

Deno.test("formatFileMode() writes os.FileMode as Go", () => {
  for (
    const [mode, want] of [
      [0o644, "-rw-r--r--"],
      [0x8000_0000 | 0o755, "drwxr-xr-x"],
      [0x0800_0000 | 0o777, "Lrwxrwxrwx"],
      [0x0400_0000 | 0o660, "Drw-rw----"],
      [0x0420_0000 | 0o620, "Dcrw--w----"],
      [0x0100_0000 | 0o600, "Srw-------"],
      [0x0200_0000 | 0o600, "prw-------"],
      [0x8010_0000 | 0o777, "dtrwxrwxrwx"],
      [0x0080_0000 | 0o755, "urwxr-xr-x"],
      [0, "----------"],
    ] as const
  ) assertEquals(formatFileMode(mode >>> 0), want);
});

Deno.test("formatGoTime() writes time.Time in UTC as Go", () => {
  for (
    const [seconds, nanos, want] of [
      [1_772_600_767n, 0, "2026-03-04 05:06:07 +0000 UTC"],
      [1_772_600_767n, 120_000_000, "2026-03-04 05:06:07.12 +0000 UTC"],
      [1_772_600_767n, 5, "2026-03-04 05:06:07.000000005 +0000 UTC"],
      [0n, 0, "1970-01-01 00:00:00 +0000 UTC"],
      [9_000_000_000_000_000n, 0, "9000000000000000s"],
    ] as const
  ) assertEquals(formatGoTime(timestamp(seconds, nanos)), want);
});

Deno.test("formatModified() has the year for what is half a year old", () => {
  const nowMs = 1_772_600_767_000;
  const day = 86_400n;
  const at = 1_772_600_767n;
  for (
    const [seconds, zone, want] of [
      [at, 0, "Mar  4 05:06:07"],
      [at, 330, "Mar  4 10:36:07"],
      [at - 180n * day, 0, "Sep  5 05:06:07"],
      [at - 180n * day - 1n, 0, "Sep  5 2025 05:06"],
      [0n, 0, "Jan  1 1970 00:00"],
      [0n, -60, "Dec 31 1969 23:00"],
      [at + 400n * day, 0, "Apr  8 05:06:07"],
      [1n << 62n, 0, "4611686018427387904s"],
    ] as const
  ) {
    const got = formatModified(seconds, {
      nowMs,
      zoneOffsetMinutes: () => zone,
    });
    assertEquals(got, want);
  }
});

Deno.test("formatAgo() is in whole seconds", () => {
  assertEquals(formatAgo(undefined, 5), "");
  assertEquals(formatAgo(timestamp(100n), 100_000), "0s ago");
  assertEquals(
    formatAgo(timestamp(100n, 600_000_000), 190_000),
    "1m29s ago",
  );
});

Deno.test("sizes", () => {
  for (
    const [bytes, want] of [
      [0, "0 B"],
      [9, "9 B"],
      [999, "999 B"],
      [1_000, "1.0 kB"],
      [1_540, "1.5 kB"],
      [12_345, "12 kB"],
      [82_854_982, "83 MB"],
      [10n ** 18n * 18n, "18 EB"],
    ] as const
  ) assertEquals(formatBytes(bytes), want);
  assertEquals(gigabytes(6_442_450_944n), "6.44");
});

Deno.test("formatTable() pads as tabwriter, and cleans what peers send", () => {
  assertEquals(
    formatTable([
      ["NODE", "ID", "STATE"],
      ["10.5.0.2", "a", ""],
      ["ä", "longer", "x\x1b[31m\n"],
    ]),
    "NODE       ID       STATE\n" +
      "10.5.0.2   a\n" +
      "ä          longer   x [31m\n",
  );
  assertEquals(formatTable([]), "");
});

Deno.test("StreamTable aligns what it holds, then widens only", () => {
  const held = new StreamTable({ hold: 2 });
  assertEquals(held.add(["A", "B"]), "");
  assertEquals(held.add(["longer", "b"]), "A        B\nlonger   b\n");
  assertEquals(held.add(["x", "y"]), "x        y\n");
  assertEquals(held.add(["longest", "y"]), "longest   y\n");
  assertEquals(held.end(), "");
  const short = new StreamTable({ hold: 9 });
  short.add(["A", "B"]);
  assertEquals(short.end(), "A   B\n");
  const wide = new StreamTable({ widths: [3] });
  assertEquals(wide.add(["x".repeat(80), "y"]), `${"x".repeat(80)}   y\n`);
  assertEquals(wide.add(["z", "y"]), `z${" ".repeat(66)}y\n`);
});

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("LineSplitter keeps nodes and pieces apart", () => {
  const splitter = new LineSplitter();
  assertEquals([...splitter.push("a", bytes("one\ntw"))], ["one"]);
  assertEquals([...splitter.push("b", bytes("B\n"))], ["B"]);
  assertEquals([...splitter.push("a", bytes("o\n\nrest"))], ["two", ""]);
  assertEquals([...splitter.end()], [{ node: "a", line: "rest" }]);
  assertEquals([...splitter.end()], []);
});

Deno.test("LineSplitter cuts what never ends", () => {
  const splitter = new LineSplitter();
  const chunk = new Uint8Array(3 << 20).fill(0x78);
  const lines = [...splitter.push("a", chunk)];
  assertEquals(lines.map((line) => line.length), [1 << 20, 1 << 20]);
  assertEquals([...splitter.end()][0]!.line.length, 1 << 20);
});

Deno.test("printableLine() shows control characters instead of obeying", () => {
  assertEquals(printableLine(bytes("a\tb\r")), "a\tb");
  assertEquals(printableLine(bytes("\x1b[2Jx\x07")), "\\x1b[2Jx\\x07");
  assertEquals(printableLine(new Uint8Array([0xff, 0x41])), "\ufffdA");
});
