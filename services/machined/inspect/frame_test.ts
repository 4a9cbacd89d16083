/** Frames between the inspect child and machined. */
import { assertEquals, assertRejects } from "@std/assert";
import { decodeFrames, encodeFrame, FrameKind } from "./frame.ts";

async function* chunks(...parts: number[][]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Uint8Array.from(part);
}

async function decode(...parts: number[][]) {
  return await Array.fromAsync(decodeFrames(chunks(...parts)));
}

Deno.test("encodeFrame() writes kind, length and payload", () => {
  assertEquals(
    encodeFrame(FrameKind.error, Uint8Array.of(7, 8)),
    Uint8Array.of(1, 0, 0, 0, 2, 7, 8),
  );
});

Deno.test("decodeFrames() reads frames however they are cut", async () => {
  const bytes = [0, 0, 0, 0, 2, 7, 8, 1, 0, 0, 0, 0];
  const want = [
    { kind: 0, payload: Uint8Array.of(7, 8) },
    { kind: 1, payload: new Uint8Array(0) },
  ];
  assertEquals(await decode(bytes), want);
  assertEquals(await decode(...bytes.map((byte) => [byte])), want);
});

Deno.test("decodeFrames() refuses what the child never writes", async (t) => {
  const cases = [
    { name: "an unknown kind", bytes: [2, 0, 0, 0, 0] },
    { name: "a length above the limit", bytes: [0, 0, 64, 0, 1] },
    { name: "an end inside a header", bytes: [0, 0] },
    { name: "an end inside a payload", bytes: [0, 0, 0, 0, 2, 7] },
  ];
  for (const { name, bytes } of cases) {
    await t.step(name, async () => {
      await assertRejects(() => decode(bytes), RangeError);
    });
  }
});
