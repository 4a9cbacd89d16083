/**
 * `talosctl cluster create|start|show|destroy`: local clusters. The work is done in
 * provision/; here are the flags, the order of the steps and the lines that
 * the user reads meanwhile.
 */
import { join } from "@std/path";
import { untilAborted } from "#lib/abort.ts";
import { PUBLIC_KEYS } from "#lib/image/files.ts";
import { IMAGE_NAME } from "#lib/paths.ts";
import { group, leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { usageError } from "../cli/run.ts";
import type { ClusterPlan } from "../provision/plan.ts";
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

const CREATE_FLAGS = {
  ...CLUSTER_FLAGS,
  cidr: {
    type: "string",
    default: "10.5.0.0/24",
    help: "network of the nodes",
  },
  cpus: { type: "string", default: "2.0", help: "processors of a node" },
  "custom-cni-url": { type: "string", help: "manifest of another CNI" },
  "dns-domain": {
    type: "string",
    default: "cluster.local",
    help: "DNS domain of the cluster",
  },
  endpoint: {
    type: "string",
    help: "address that clients use instead of the control planes'",
  },
  image: {
    type: "string",
    complete: "file",
    help: "root file system of a node (default rootfs.sqsh of deno task image)",
  },
  "input-dir": {
    type: "string",
    short: "i",
    complete: "dir",
    help: "directory of gen config's files to use instead of new ones",
  },
  "install-image": { type: "string", help: "image of the installer" },
  "kubernetes-version": { type: "string", help: "version of Kubernetes" },
  "local-registry": {
    type: "bool",
    default: "true",
    help:
      "serve the images of deno task images to the nodes, where it has built them",
  },
  masters: { type: "int", default: "1", help: "number of control planes" },
  memory: { type: "int", default: "2048", help: "memory of a node in MiB" },
  mtu: { type: "int", default: "1500", help: "MTU of the network" },
  nameservers: {
    type: "strings",
    default: "8.8.8.8,1.1.1.1",
    help: "resolvers of the nodes",
  },
  "registry-mirror": {
    type: "strings",
    help: "mirror of a registry, for instance docker.io=http://10.5.0.1:5000",
  },
  "signing-keys": {
    type: "string",
    complete: "file",
    help:
      "public keys (PEM) of who may have signed the image (default signing.pub of deno task image)",
  },
  "skip-injecting-config": {
    type: "bool",
    help: "start the nodes in maintenance mode, without a config",
  },
  wait: { type: "bool", default: "true", help: "wait until all nodes answer" },
  "wait-timeout": {
    type: "duration",
    default: "20m0s",
    help: "limit for the wait",
  },
  "with-debug": { type: "bool", help: "logs of services on the console" },
  "with-init-node": { type: "bool", help: "give the first node type init" },
  workers: { type: "int", default: "1", help: "number of workers" },
} as const;

type CreateContext = Context<typeof CREATE_FLAGS>;

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

function positive(context: CreateContext, name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw usageError(
    context as unknown as Context,
    `--${name} needs a positive number, got "${text}"`,
  );
}

/** The seed era's clusters began with a node of type init. */
function withInit(plan: ClusterPlan, wanted: boolean): ClusterPlan {
  const [first, ...rest] = plan.nodes;
  if (!wanted || first?.type !== "controlplane") return plan;
  return { ...plan, nodes: [{ ...first, type: "init" }, ...rest] };
}

/** The images to serve, and the mirrors that the configs name. */
async function localImages({ flags }: CreateContext, plan: ClusterPlan) {
  const given = flags["registry-mirror"];
  if (!flags["local-registry"]) return { mirrors: given };
  const [{ builtImages }, { withLocalMirrors }] = await Promise.all([
    import("../provision/built_images.ts"),
    import("../provision/registry.ts"),
  ]);
  const images = await builtImages();
  if (!images) return { mirrors: given };
  return { images, mirrors: withLocalMirrors(given, plan.network.gateway) };
}

async function runCreate(context: CreateContext): Promise<void> {
  const { flags, clock, signal } = context;
  const [{ planCluster }, { clusterConfigs }, { outDir }] = await Promise.all([
    import("../provision/plan.ts"),
    import("../provision/configs.ts"),
    import("../provision/runc.ts"),
  ]);
  const report = reporter(context as unknown as Context);
  const cpus = positive(context, "cpus", flags.cpus);
  const memoryMiB = positive(context, "memory", String(flags.memory));
  const plan = withInit(planCluster(flags), flags["with-init-node"]);
  const bare = flags["skip-injecting-config"];
  const provisioner = await provisionerOf(context);
  // RSA keys of 4096 bits take 3 to 7 s, and both nodes wait for them.
  const algorithm = "ECDSA-P256";
  const { images, mirrors } = await localImages(context, plan);
  // Without images there is no Kubernetes, whose endpoint it would be.
  const balanced = mirrors.length > 0;
  const configs = await clusterConfigs(plan, {
    ...flags,
    "registry-mirror": mirrors,
    balanced,
  }, { algorithm });
  const record = await provisioner.create({
    ...plan,
    image: flags.image || join(outDir(), IMAGE_NAME),
    keys: flags["signing-keys"] || join(outDir(), PUBLIC_KEYS),
    ...images && { images },
    balanced,
    nodes: plan.nodes.map((node) => ({
      ...node,
      memoryMiB,
      cpus,
      config: bare ? "" : configs.machine(node),
    })),
  }, report);
  if (bare) return await print(context as unknown as Context, record);
  const { mergeContext } = await import("../provision/talosconfig.ts");
  const merged = await mergeContext(context as unknown as Context, {
    name: plan.name,
    context: configs.context,
  });
  await provisioner.annotate(plan.name, { talosconfig: merged });
  report(`context "${merged.context}" in ${merged.path}`);
  if (flags.wait) {
    const { waitForNodes } = await import("../provision/wait.ts");
    await waitForNodes({
      endpoints: configs.context.endpoints,
      nodes: plan.nodes.map((node) => node.ip),
      tls: configs.tls,
      timeoutMs: flags["wait-timeout"],
      clock,
      signal,
      stopped: () => provisioner.stopped(record),
    }, report);
  }
  await print(context as unknown as Context, record);
}

const create = leaf({
  name: "create",
  summary: "Create a local cluster",
  args: NO_ARGS,
  flags: CREATE_FLAGS,
  run: runCreate,
});

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
