/** When a heap is collected. */
import { assertEquals } from "@std/assert";
import { HeapKeeper } from "./heap.ts";

const MIB = 1 << 20;

/** Looks at heaps of these sizes; how often it collected after each. */
function collections(sizesMiB: readonly number[], leftMiB: number): number[] {
  let sizeBytes = 0;
  let count = 0;
  const keeper = new HeapKeeper({
    sizeBytes: () => sizeBytes,
    collect: () => {
      count++;
      sizeBytes = leftMiB * MIB;
    },
  });
  return sizesMiB.map((size) => {
    sizeBytes = size * MIB;
    keeper.look();
    return count;
  });
}

Deno.test("a heap is collected once, then only when it has grown", () => {
  assertEquals(collections([5, 6, 8, 9, 12], 5), [1, 1, 1, 2, 3]);
});

Deno.test("a heap with nothing to give is not collected again and again", () => {
  assertEquals(collections([40, 40, 40], 40), [1, 1, 1]);
});
