/** Lines that are waited for, on a terminal and elsewhere. */
import { assertEquals } from "@std/assert";
import { LiveLines } from "./live_lines.ts";

Deno.test("elsewhere than on a terminal each change is a line", () => {
  const lines = new LiveLines(undefined);
  assertEquals(lines.say("waiting for x: ...", 0), "waiting for x: ...\n");
  assertEquals(lines.tick(5_000), "");
  assertEquals(lines.say("waiting for x: OK", 9), "waiting for x: OK\n");
  assertEquals(lines.end(), "");
});

Deno.test("on a terminal a condition is one line, with its time", () => {
  const lines = new LiveLines(80);
  const again = "\r\x1b[K";
  assertEquals(lines.say("found: 2", 0), "found: 2");
  assertEquals(lines.tick(9_000), "");
  assertEquals(lines.say("waiting for x: ...", 0), "\nwaiting for x: ...");
  assertEquals(lines.tick(2_500), `${again}waiting for x: ... (2s)`);
  assertEquals(
    lines.say("waiting for x: a: b", 3_000),
    `${again}waiting for x: a: b (3s)`,
  );
  assertEquals(
    lines.say("waiting for x: OK", 61_000),
    `${again}waiting for x: OK (1m1s)`,
  );
  assertEquals(lines.tick(99_000), "");
  assertEquals(
    lines.say("waiting for image a/b:v1: 1 MB", 61_000),
    "\nwaiting for image a/b:v1: 1 MB",
  );
  assertEquals(
    lines.say("waiting for image a/b:v1: OK", 61_000),
    `${again}waiting for image a/b:v1: OK`,
  );
  assertEquals(
    lines.say("waiting for y: ...", 61_000),
    "\nwaiting for y: ...",
  );
  assertEquals(lines.end(), "\n");
  assertEquals(lines.end(), "");
});

Deno.test("on a terminal an upload is one line", () => {
  const lines = new LiveLines(80);
  lines.say("uploading the snapshot: 0 B of 2 B", 0);
  assertEquals(
    lines.say("uploading the snapshot: OK", 10),
    "\r\x1b[Kuploading the snapshot: OK",
  );
  assertEquals(lines.end(), "\n");
});

Deno.test("a line is no longer than the terminal is wide", () => {
  const lines = new LiveLines(20);
  assertEquals(lines.say("waiting for x: 12345", 0), "waiting for x: 123…");
  assertEquals(
    lines.tick(1_000),
    "\r\x1b[Kwaiting for x…(1s)".replace("…", "… "),
  );
});

Deno.test("what a peer says cannot move the cursor", () => {
  const lines = new LiveLines(80);
  assertEquals(
    lines.say("waiting for x: \x1b[2Jhi\n", 0).includes("\x1b"),
    false,
  );
});
