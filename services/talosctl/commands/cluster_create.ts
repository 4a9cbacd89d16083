/**
 * `talosctl cluster create`: nodes, then etcd, then the files of the user, then
 * the wait until the whole cluster is well.
 */
import { PUBLIC_KEYS } from "#lib/image/files.ts";
import { IMAGE_NAME } from "#lib/paths.ts";
import { join } from "@std/path";
import { leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { usageError } from "../cli/run.ts";
import type { ClusterConfigs } from "../provision/configs.ts";
import type { ClusterPlan, NodePlan } from "../provision/plan.ts";
import type {
  ClusterRecord,
  Provisioner,
  Report,
} from "../provision/provision.ts";
import {
  CLUSTER_FLAGS,
  print,
  provisionerOf,
  reporter,
  secondsSinceNow,
} from "./cluster_common.ts";
import { withLiveLines } from "./progress.ts";

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
  "skip-bootstrap": {
    type: "bool",
    help: "begin no etcd, so that there are nodes but no Kubernetes yet",
  },
  "skip-injecting-config": {
    type: "bool",
    help: "start the nodes in maintenance mode, without a config",
  },
  "skip-kubeconfig": { type: "bool", help: "add nothing to the kubeconfig" },
  wait: {
    type: "bool",
    default: "true",
    help: "wait until the whole cluster is well",
  },
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

/** A cluster on its way. */
interface Creation {
  readonly context: CreateContext;
  readonly plan: ClusterPlan;
  readonly configs: ClusterConfigs;
  readonly provisioner: Provisioner;
  readonly record: ClusterRecord;
  readonly report: Report;
  /** How the lines of `report` begin. */
  readonly stamp: (nowMs: number) => string;
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

/** Makes the nodes. */
async function provisionNodes(context: CreateContext): Promise<Creation> {
  const { flags } = context;
  const [{ planCluster }, { clusterConfigs }, { outDir }] = await Promise.all([
    import("../provision/plan.ts"),
    import("../provision/configs.ts"),
    import("../provision/runc.ts"),
  ]);
  const stamp = secondsSinceNow(context);
  const report = reporter(context as unknown as Context, stamp);
  const cpus = positive(context, "cpus", flags.cpus);
  const memoryMiB = positive(context, "memory", String(flags.memory));
  const plan = withInit(planCluster(flags), flags["with-init-node"]);
  const bare = flags["skip-injecting-config"];
  const provisioner = await provisionerOf(context);
  // RSA keys of 4096 bits take 3 to 7 s, and both nodes wait for them.
  const algorithm = "ECDSA-P256";
  const { images, mirrors } = await localImages(context, plan);
  const named = { ...flags, "registry-mirror": mirrors };
  const configs = await clusterConfigs(plan, named, { algorithm });
  const record = await provisioner.create({
    ...plan,
    image: flags.image || join(outDir(), IMAGE_NAME),
    keys: flags["signing-keys"] || join(outDir(), PUBLIC_KEYS),
    ...images && { images },
    nodes: plan.nodes.map((node) => ({
      ...node,
      memoryMiB,
      cpus,
      config: bare ? "" : configs.machine(node),
    })),
  }, report);
  return { context, plan, configs, provisioner, record, report, stamp };
}

/** The context in the user's talosconfig. */
async function addContext({ context, ...made }: Creation): Promise<void> {
  const { plan, configs, provisioner, report } = made;
  const { mergeContext } = await import("../provision/talosconfig.ts");
  const merged = await mergeContext(context as unknown as Context, {
    name: plan.name,
    context: configs.context,
  });
  await provisioner.annotate(plan.name, { talosconfig: merged });
  report(`context "${merged.context}" in ${merged.path}`);
}

/** Until these answer, or one of the cluster's has ended. */
async function untilAnswer(
  { context, configs, provisioner, record, report }: Creation,
  nodes: readonly string[],
): Promise<void> {
  const { clock, signal, flags } = context;
  const { waitForNodes } = await import("../provision/wait.ts");
  await waitForNodes({
    endpoints: configs.context.endpoints,
    nodes,
    tls: configs.tls,
    timeoutMs: flags["wait-timeout"],
    clock,
    signal,
    stopped: () => provisioner.stopped(record),
  }, report);
}

/**
 * Until all answer that can before etcd begins: behind a balancer a worker
 * finds trustd with Kubernetes only.
 */
async function untilNodesAnswer(creation: Creation): Promise<void> {
  const { plan, report } = creation;
  const { controlPlanesOf, isBalanced } = await import("../provision/plan.ts");
  const nodes = isBalanced(plan) ? controlPlanesOf(plan) : plan.nodes;
  await untilAnswer(creation, nodes.map(({ ip }) => ip));
  const left = plan.nodes.length - nodes.length;
  report(
    left === 0
      ? "all nodes answer"
      : `the control planes answer; workers (${left}) do when etcd has begun`,
  );
}

/** Begins etcd, unless a config did, and adds the kubeconfig. */
async function beginKubernetes(creation: Creation): Promise<void> {
  const { context, plan, configs, provisioner, report } = creation;
  const first = plan.nodes[0]!;
  await untilAnswer(creation, [first.ip]);
  const { openKubernetes } = await import("../provision/kubernetes.ts");
  using kubernetes = openKubernetes(context as unknown as Context, {
    ...{ name: plan.name, node: first.ip, tls: configs.tls },
    // That node's own, unless the user named another.
    endpoints: configs.context.endpoints.slice(0, 1),
  });
  if (first.type !== "init") {
    await kubernetes.bootstrap();
    report(`etcd begins on ${first.name}`);
  }
  if (context.flags["skip-kubeconfig"]) return;
  const merged = await kubernetes.addKubeconfig();
  await provisioner.annotate(plan.name, { kubeconfig: merged });
  report(`kubeconfig context "${merged.context}" in ${merged.path}`);
}

/** Until the whole cluster is well. */
async function untilWell(creation: Creation): Promise<void> {
  const { context, plan, configs, stamp } = creation;
  const { clock, signal, flags } = context;
  const [
    { waitForHealth },
    { healthText },
    { parseEndpoint },
    { controlPlanesOf },
  ] = await Promise.all([
    import("../client/health.ts"),
    import("#lib/health/wait.ts"),
    import("../client/endpoint.ts"),
    import("../provision/plan.ts"),
  ]);
  const controlPlanes = controlPlanesOf(plan);
  const workers = plan.nodes.filter((node) => !controlPlanes.includes(node));
  const ips = (nodes: readonly NodePlan[]) => nodes.map(({ ip }) => ip);
  const { endpoints } = configs.context;
  await withLiveLines({ ...context, stamp }, (say) =>
    waitForHealth({
      endpoints: endpoints.map((one) => parseEndpoint(one).target),
      tls: configs.tls,
      cluster: { controlPlanes: ips(controlPlanes), workers: ips(workers) },
      timeoutMs: flags["wait-timeout"],
      ...{ clock, signal },
    }, async (news) => {
      // The first look follows at once, and says more.
      const unseen = news.kind === "condition" && news.state === "waiting" &&
        news.reason === "";
      if (!unseen) await say(healthText(news));
    }));
}

async function runCreate(context: CreateContext): Promise<void> {
  const { flags } = context;
  const creation = await provisionNodes(context);
  const { record, report } = creation;
  if (!flags["skip-injecting-config"]) {
    await addContext(creation);
    if (flags["skip-bootstrap"]) {
      if (flags.wait) await untilNodesAnswer(creation);
    } else {
      await beginKubernetes(creation);
      if (flags.wait) {
        await untilAnswer(creation, creation.plan.nodes.map(({ ip }) => ip));
        await untilWell(creation);
        report("all of the cluster is well");
      }
    }
  }
  await print(context as unknown as Context, record);
}

/** `talosctl cluster create` */
export const create = leaf({
  name: "create",
  summary: "Create a local cluster",
  args: NO_ARGS,
  flags: CREATE_FLAGS,
  run: runCreate,
});
