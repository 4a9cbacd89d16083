/**
 * What a task uses, from the metrics of its control group: of cgroup v1 and
 * of v2 the same two figures. Pure.
 */
import type { Any } from "@bufbuild/protobuf/wkt";
import { fromBinary } from "@bufbuild/protobuf";
import {
  MetricsV1Schema,
  MetricsV2Schema,
} from "#proto/containerd_cgroups_pb.ts";

/** What one task uses. */
export interface TaskUsage {
  readonly id: string;
  /** Without the cache that the kernel would give back at once. */
  readonly memoryBytes: bigint;
  /** Since it began. */
  readonly cpuNanoseconds: bigint;
}

/** The usage in `data`; undefined when it is of neither version. */
export function usageOf(id: string, data: Any): TaskUsage | undefined {
  if (data.typeUrl.endsWith("io.containerd.cgroups.v1.Metrics")) {
    const { cpu, memory } = fromBinary(MetricsV1Schema, data.value);
    const used = memory?.usage?.usage ?? 0n;
    return {
      id,
      memoryBytes: without(used, memory?.totalInactiveFile ?? 0n),
      cpuNanoseconds: cpu?.usage?.total ?? 0n,
    };
  }
  if (data.typeUrl.endsWith("io.containerd.cgroups.v2.Metrics")) {
    const { cpu, memory } = fromBinary(MetricsV2Schema, data.value);
    return {
      id,
      memoryBytes: without(memory?.usage ?? 0n, memory?.inactiveFile ?? 0n),
      cpuNanoseconds: (cpu?.usageUsec ?? 0n) * 1000n,
    };
  }
  return undefined;
}

/** The kernel counts the two at different moments. */
function without(used: bigint, inactive: bigint): bigint {
  return used > inactive ? used - inactive : 0n;
}
