/** The two figures, of both versions of control groups. */
import { assertEquals } from "@std/assert";
import { create, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import {
  MetricsV1Schema,
  MetricsV2Schema,
} from "#proto/containerd_cgroups_pb.ts";
import { usageOf } from "./metrics.ts";

function any(typeUrl: string, value: Uint8Array) {
  return create(AnySchema, { typeUrl, value });
}

Deno.test("usageOf: v1, v2 and what is neither", () => {
  const one = create(MetricsV1Schema, {
    cpu: { usage: { total: 42_000n } },
    memory: { usage: { usage: 100n }, totalInactiveFile: 30n },
  });
  const two = create(MetricsV2Schema, {
    cpu: { usageUsec: 42n },
    memory: { usage: 100n, inactiveFile: 130n },
  });
  assertEquals(
    usageOf(
      "a",
      any(
        "io.containerd.cgroups.v1.Metrics",
        toBinary(MetricsV1Schema, one),
      ),
    ),
    { id: "a", memoryBytes: 70n, cpuNanoseconds: 42_000n },
  );
  assertEquals(
    usageOf(
      "b",
      any(
        "type.googleapis.com/io.containerd.cgroups.v2.Metrics",
        toBinary(MetricsV2Schema, two),
      ),
    ),
    { id: "b", memoryBytes: 0n, cpuNanoseconds: 42_000n },
  );
  assertEquals(usageOf("c", any("else", new Uint8Array())), undefined);
});
