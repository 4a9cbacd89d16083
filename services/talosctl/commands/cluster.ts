/**
 * `talosctl cluster create|show|destroy`: local clusters. The work is done in
 * provision/; here are the flags, the order of the steps and the lines that
 * the user reads meanwhile.
 */
import { join } from "@std/path";
import { group, leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import type { ClusterRecord, Report } from "../provision/provision.ts";
import { reportLocal } from "./report.ts";

const CLUSTER_FLAGS = {
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

async function provisionerOf(context: Context<typeof CLUSTER_FLAGS>) {
  const { openProvisioner } = await import("../provision/open.ts");
  const { edge, flags } = context;
  const state = flags.state ||
    join(edge.env("HOME") || ".", ".talos", "clusters");
  return openProvisioner(flags.provisioner, state);
}

/** Lines on standard error with the seconds that passed. */
function reporter({ clock, edge }: Context): Report {
  const started = clock.monotonic();
  return (line) => {
    const seconds = ((clock.monotonic() - started) / 1000).toFixed(1);
    void edge.stderr(`${seconds.padStart(6)} s  ${line}\n`).catch(() => {});
  };
}

async function print(context: Context, record: ClusterRecord): Promise<void> {
  const { plainCluster, renderCluster } = await import("../render/cluster.ts");
  await reportLocal(context, plainCluster(record), renderCluster(record));
}

const show = leaf({
  name: "show",
  summary: "Show a local cluster",
  args: NO_ARGS,
  flags: CLUSTER_FLAGS,
  async run(context) {
    const provisioner = await provisionerOf(context);
    await print(
      context as unknown as Context,
      await provisioner.show(context.flags.name),
    );
  },
});

const destroy = leaf({
  name: "destroy",
  summary: "Remove a local cluster and all that belongs to it",
  args: NO_ARGS,
  flags: CLUSTER_FLAGS,
  async run(context) {
    const { flags } = context;
    const report = reporter(context as unknown as Context);
    const provisioner = await provisionerOf(context);
    const record = await provisioner.destroy(flags.name, report);
    if (record?.talosconfig) {
      const { dropContext } = await import("../provision/talosconfig.ts");
      await dropContext(record.talosconfig);
    }
    report(`cluster "${flags.name}" is gone`);
  },
});

/** Started by `create`, for as long as the cluster lives. */
const sntpLaunch = leaf({
  name: "sntp-launch",
  summary: "Answer the time to the nodes of a local cluster",
  hidden: true,
  args: { usage: "<state-dir> <address>", min: 2, max: 2 },
  flags: {},
  async run({ args, signal }) {
    const { startSntpResponder } = await import("#lib/net/sntp_responder.ts");
    const responder = await startSntpResponder({ host: args[1]! });
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await responder.close();
  },
});

export const cluster = group({
  name: "cluster",
  summary: "Local clusters on this machine",
  flags: {},
  subcommands: [destroy, show, sntpLaunch],
});
