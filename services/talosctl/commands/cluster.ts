/**
 * `talosctl cluster`: local clusters. The work is done in provision/; here are
 * the flags and the lines that the user reads meanwhile.
 */
import { untilAborted } from "#lib/abort.ts";
import { group, leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import {
  CLUSTER_FLAGS,
  print,
  provisionerOf,
  reporter,
} from "./cluster_common.ts";
import { create } from "./cluster_create.ts";

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

const start = leaf({
  name: "start",
  summary: "Start the nodes of a local cluster that do not run",
  args: NO_ARGS,
  flags: CLUSTER_FLAGS,
  async run(context) {
    const report = reporter(context as unknown as Context);
    const provisioner = await provisionerOf(context);
    await provisioner.start(context.flags.name, report);
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
    if (record?.kubeconfig) {
      const { dropKubeconfig } = await import("../client/kubeconfig.ts");
      await dropKubeconfig(record.kubeconfig);
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
    await untilAborted(signal);
    await responder.close();
  },
});

/** Started by `create`, for as long as the cluster lives. */
const balancerLaunch = leaf({
  name: "balancer-launch",
  summary: "Be the endpoint of a local cluster",
  hidden: true,
  args: { usage: "<state-dir> <address> <node>...", min: 2, max: 64 },
  flags: {},
  async run({ args, signal }) {
    const { API_PORT, Balancer } = await import("../provision/balancer.ts");
    const [, host = "", ...nodes] = args;
    const balancer = await Balancer.start({
      listen: { host, port: API_PORT },
      backends: nodes.map((node) => ({ host: node, port: API_PORT })),
    });
    await untilAborted(signal);
    await balancer.close();
  },
});

export const cluster = group({
  name: "cluster",
  summary: "Local clusters on this machine",
  flags: CLUSTER_FLAGS,
  subcommands: [create, destroy, show, start, balancerLaunch, sntpLaunch],
});
