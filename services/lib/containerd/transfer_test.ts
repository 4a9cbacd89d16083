/** How far a pull is, from what containerd says of single blobs. */
import { create } from "@bufbuild/protobuf";
import { assertEquals } from "@std/assert";
import { ProgressSchema } from "#proto/containerd_transfer_types_pb.ts";
import { ProgressSum } from "./transfer.ts";

const blob = (event: string, digest: string, [done, total]: number[]) =>
  create(ProgressSchema, {
    event,
    progress: BigInt(done!),
    desc: { digest, size: BigInt(total!) },
  });

Deno.test("blobs add up; unpacking does not count from the start", () => {
  const sum = new ProgressSum();
  assertEquals(
    sum.add(create(ProgressSchema, { event: "Resolving" })),
    undefined,
  );
  const steps: [ReturnType<typeof blob>, number, number][] = [
    [blob("waiting", "a", [0, 100]), 0, 100],
    [blob("downloading", "a", [40, 100]), 40, 100],
    [blob("already exists", "b", [0, 10]), 50, 110],
    [blob("complete", "a", [100, 100]), 110, 110],
    [blob("extracting", "a", [5, 100]), 110, 110],
  ];
  for (const [message, doneBytes, totalBytes] of steps) {
    assertEquals(sum.add(message), { doneBytes, totalBytes });
  }
});

Deno.test("a registry cannot name blobs without end", () => {
  const sum = new ProgressSum();
  for (let i = 0; i < 1024; i++) sum.add(blob("waiting", String(i), [0, 1]));
  assertEquals(sum.add(blob("waiting", "more", [0, 1])), undefined);
  assertEquals(sum.add(blob("complete", "7", [1, 1]))?.doneBytes, 1);
});
