/** Tests of program output as log lines. */
import { assertEquals } from "@std/assert";
import { LINE_BYTES, TextLines } from "./text_lines.ts";

function check(chunks: readonly string[], want: readonly string[]) {
  const got: string[] = [];
  const lines = new TextLines((line) => got.push(line));
  for (const chunk of chunks) lines.push(new TextEncoder().encode(chunk));
  lines.flush();
  assertEquals(got, [...want]);
}

Deno.test("TextLines joins, cuts and cleans", async (t) => {
  const long = "x".repeat(LINE_BYTES);
  const cases = [
    { name: "chunks", chunks: ["a", "b\nc\n\n", "d"], want: ["ab", "c", "d"] },
    { name: "CR LF", chunks: ["a\r\nb"], want: ["a", "b"] },
    { name: "escapes", chunks: ["\x1b[31mred\n"], want: ["\\x1b[31mred"] },
    { name: "exact", chunks: [long, "\n"], want: [long] },
    { name: "long", chunks: [long, "y", "y\nz\n"], want: [`${long}...`, "z"] },
    { name: "nothing", chunks: [], want: [] },
  ];
  for (const { name, chunks, want } of cases) {
    await t.step(name, () => check(chunks, want));
  }
});
