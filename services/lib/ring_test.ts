/** The byte ring: growth, wrap, positions. */
import { assertEquals } from "@std/assert";
import { ByteRing } from "./ring.ts";

const OPTIONS = { initialBytes: 4, maxBytes: 8, gapBytes: 2 };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (s: string) => new TextEncoder().encode(s);

function ringOf(...chunks: string[]): ByteRing {
  const ring = new ByteRing(OPTIONS);
  for (const chunk of chunks) ring.write(bytes(chunk));
  return ring;
}

Deno.test("ring keeps the newest bytes and grows to its limit only", async (t) => {
  const cases: [string[], { start: number; size: number; text: string }][] = [
    [["abc"], { start: 0, size: 4, text: "abc" }],
    [["abc", "de"], { start: 0, size: 8, text: "abcde" }],
    [["abcdefgh", "ij"], { start: 2, size: 8, text: "cdefghij" }],
    [["a", "0123456789abcdef"], { start: 9, size: 8, text: "89abcdef" }],
  ];
  for (const [chunks, want] of cases) {
    await t.step(chunks.join("|"), () => {
      const ring = ringOf(...chunks);
      assertEquals(ring.start, want.start);
      assertEquals(ring.sizeBytes, want.size);
      assertEquals(text(ring.read(ring.start, 100)), want.text);
    });
  }
});

Deno.test("ring finds lines from both ends", () => {
  const ring = ringOf("a\nb\nc\n");
  assertEquals(ring.before(10, 1), 6);
  assertEquals(ring.before(10, 2), 4);
  assertEquals(ring.before(10, 9), 0);
  assertEquals(ring.after(1, 10), 2);
  ring.write(bytes("d\ne\n"));
  // "b\nc\nd\ne\n" is left; the gap makes the first whole line "c".
  assertEquals(ring.safeStart, 4);
  assertEquals(ring.before(10, 9), 6);
});
