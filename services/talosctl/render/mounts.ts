/** `talosctl mounts`. Pure. */
import type { Mounts } from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";
import { gigabytes } from "./size.ts";
import { withHeader } from "./table.ts";

/** One row per mount; those without a size (proc, sys ...) are left out. */
export function renderMounts(answers: readonly Answer<Mounts>[]): string {
  const rows = answers.flatMap(({ node, message }) =>
    message.stats.filter((stat) => stat.size > 0n).map((stat) => {
      const used = stat.size - stat.available;
      return [
        node,
        stat.filesystem,
        gigabytes(stat.size),
        gigabytes(used),
        gigabytes(stat.available),
        `${(100 * Number(used) / Number(stat.size)).toFixed(2)}%`,
        stat.mountedOn,
      ];
    })
  );
  return withHeader([
    "NODE",
    "FILESYSTEM",
    "SIZE(GB)",
    "USED(GB)",
    "AVAILABLE(GB)",
    "PERCENT USED",
    "MOUNTED ON",
  ], rows);
}
