/** Snapshots in pieces of all sizes, whole and damaged. */
import { assertEquals, assertRejects } from "@std/assert";
import { snapshotOf } from "#tests/snapshots.ts";
import { SnapshotError, verified } from "./etcd_snapshot.ts";

async function* cut(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

const read = (bytes: Uint8Array, size: number) =>
  Array.fromAsync(verified(cut(bytes, size)));

async function refused(bytes: Uint8Array, text: string) {
  await assertRejects(() => read(bytes, 100), SnapshotError, text);
}

Deno.test("snapshot: whole, in pieces of any size", async () => {
  const bytes = await snapshotOf(1024);
  for (const size of [1, 31, 32, 33, 512, 1000, 5000]) {
    const pieces = await read(bytes, size);
    assertEquals(new Uint8Array(pieces.flatMap((piece) => [...piece])), bytes);
  }
});

Deno.test("snapshot: one flipped byte anywhere is found", async () => {
  const bytes = await snapshotOf(1024);
  for (const at of [0, 511, 1023, 1024, 1055]) {
    const bad = bytes.slice();
    bad[at]! ^= 1;
    await refused(bad, "is damaged");
  }
});

Deno.test("snapshot: cut short or without a hash", async () => {
  const bytes = await snapshotOf(1024);
  for (const size of [32, 512, 1024, 1055]) {
    await refused(bytes.subarray(0, size), "is cut off, or has no hash");
  }
});

Deno.test("snapshot: something else altogether", async () => {
  const bytes = await snapshotOf(1024);
  for (const at of [16, 19]) {
    const bad = bytes.slice();
    bad[at]! ^= 1;
    await refused(bad, "no snapshot of etcd");
  }
  for (const size of [0, 15, 19]) {
    await refused(bytes.subarray(0, size), "no snapshot of etcd");
  }
});
