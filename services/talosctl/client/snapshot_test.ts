/** Snapshots in pieces of all sizes, whole and damaged. */
import { assertEquals, assertRejects } from "@std/assert";
import { verified } from "./snapshot.ts";

const DATABASE = Uint8Array.from({ length: 1024 }, (_, at) => at * 7);

async function snapshotOf(database: Uint8Array<ArrayBuffer>) {
  const hash = await crypto.subtle.digest("SHA-256", database);
  return new Uint8Array([...database, ...new Uint8Array(hash)]);
}

async function* cut(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

const read = (bytes: Uint8Array, size: number) =>
  Array.fromAsync(verified(cut(bytes, size)));

Deno.test("snapshot: whole, in pieces of any size", async () => {
  const bytes = await snapshotOf(DATABASE);
  for (const size of [1, 31, 32, 33, 512, 1000, 5000]) {
    const pieces = await read(bytes, size);
    assertEquals(new Uint8Array(pieces.flatMap((piece) => [...piece])), bytes);
  }
});

Deno.test("snapshot: one flipped byte anywhere is found", async () => {
  const bytes = await snapshotOf(DATABASE);
  for (const at of [0, 511, 1023, 1024, 1055]) {
    const bad = bytes.slice();
    bad[at]! ^= 1;
    await assertRejects(() => read(bad, 100), Error, "is damaged");
  }
});

Deno.test("snapshot: cut short or without a hash", async () => {
  const bytes = await snapshotOf(DATABASE);
  for (const size of [0, 32, 512, 1024, 1055]) {
    await assertRejects(
      () => read(bytes.subarray(0, size), 100),
      Error,
      "no snapshot",
    );
  }
});
