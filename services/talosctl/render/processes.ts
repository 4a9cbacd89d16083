/** `talosctl processes`. Pure. */
import type { Process, ProcessInfo } from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";
import { formatBytes } from "./size.ts";
import { withHeader } from "./table.ts";

/** What `--sort` accepts. */
export const PROCESS_ORDERS = ["rss", "cpu"] as const;
export type ProcessOrder = (typeof PROCESS_ORDERS)[number];

const COMPARE: Record<
  ProcessOrder,
  (a: ProcessInfo, b: ProcessInfo) => number
> = {
  rss: (a, b) => Number(b.residentMemory - a.residentMemory),
  cpu: (a, b) => b.cpuTime - a.cpuTime,
};

/** The command line as far as it is known; kernel threads have a name only. */
function commandText({ executable, args, command }: ProcessInfo): string {
  if (executable === "") return command;
  const [first = "", ...rest] = args.split(" ");
  // The first argument is often a bare name where the path says more.
  if (args !== "" && executable.endsWith(`/${first}`)) {
    return [executable, ...rest].join(" ");
  }
  return args || executable;
}

/** One row per process, the largest first; nodes stay together. */
export function renderProcesses(
  answers: readonly Answer<Process>[],
  order: ProcessOrder,
): string {
  const rows = answers.flatMap(({ node, message }) =>
    message.processes.toSorted(COMPARE[order]).map((process) => [
      node,
      String(process.pid),
      process.state,
      String(process.threads),
      process.cpuTime.toFixed(2),
      formatBytes(process.virtualMemory),
      formatBytes(process.residentMemory),
      commandText(process),
    ])
  );
  return withHeader([
    "NODE",
    "PID",
    "STATE",
    "THREADS",
    "CPU-TIME",
    "VIRTMEM",
    "RESMEM",
    "COMMAND",
  ], rows);
}
