/** `talosctl stats`. Pure. */
import type { Stats } from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";
import { byPod, placed } from "./pods.ts";
import { withHeader } from "./table.ts";

/** One row per container: memory in MB, processor time in nanoseconds. */
export function renderStats(answers: readonly Answer<Stats>[]): string {
  const rows = answers.flatMap(({ node, message }) =>
    byPod(message.stats).map((stat) => [
      node,
      stat.namespace,
      placed(stat),
      (Number(stat.memoryUsage) / 1e6).toFixed(2),
      String(stat.cpuUsage),
    ])
  );
  return withHeader(["NODE", "NAMESPACE", "ID", "MEMORY(MB)", "CPU"], rows);
}
