/** What the commands of local clusters share: flags, provisioner, lines. */
import { join } from "@std/path";
import type { Context } from "../cli/context.ts";
import type { ClusterRecord, Report } from "../provision/provision.ts";
import { reportLocal } from "./report.ts";

/** Which cluster. */
export const CLUSTER_FLAGS = {
  name: {
    type: "string",
    default: "talos-default",
    help: "name of the cluster",
  },
  provisioner: {
    type: "string",
    default: "container",
    choices: ["container", "qemu"],
    help: "what a node is made of",
  },
  state: {
    type: "string",
    complete: "dir",
    help: "directory of the clusters' state (default $HOME/.talos/clusters)",
  },
} as const;

/** What makes the nodes. */
export async function provisionerOf(context: Context<typeof CLUSTER_FLAGS>) {
  const { openProvisioner } = await import("../provision/open.ts");
  const { edge, flags } = context;
  const state = flags.state ||
    join(edge.env("HOME") || ".", ".talos", "clusters");
  return openProvisioner(flags.provisioner, state);
}

/** How a line begins: the seconds since now. */
export function secondsSinceNow(
  { clock }: Pick<Context, "clock">,
): (nowMs: number) => string {
  const started = clock.monotonic();
  return (nowMs) => `${((nowMs - started) / 1000).toFixed(1).padStart(6)} s  `;
}

/** Lines on standard error with the seconds that passed. */
export function reporter(
  { clock, edge }: Context,
  stamp = secondsSinceNow({ clock }),
): Report {
  return (line) => {
    const text = `${stamp(clock.monotonic())}${line}\n`;
    void edge.stderr(text).catch(() => {});
  };
}

/** Shows the cluster. */
export async function print(
  context: Context,
  record: ClusterRecord,
): Promise<void> {
  const { plainCluster, renderCluster } = await import("../render/cluster.ts");
  await reportLocal(context, plainCluster(record), renderCluster(record));
}
