/**
 * Nodes as containers: the image mounted read-only in namespaces of its own
 * by runc, with our machined as PID 1. Needs root and Linux, nothing else.
 *
 * Invariant: everything that is made can be found again from the cluster's
 * name alone (plan.ts), so that `destroy` needs no record: namespaces end with
 * their processes, the loop device with its mount, links with their namespace.
 */
import { resolve } from "@std/path";
import { chainOf } from "#lib/errors.ts";
import { startBalancer } from "./balancer.ts";
import { clusterCgroup, leftCgroups, removeCgroups } from "./cgroups.ts";
import { checkImage, pinImage } from "./image.ts";
import {
  mountImage,
  mountsBelow,
  readMounts,
  takesOverlays,
  unmountBelow,
} from "./mounts.ts";
import {
  checkNetworkFree,
  connectNode,
  createBridge,
  leftLinks,
  removeLinks,
} from "./network.ts";
import {
  clusterId,
  controlPlanesOf,
  isBalanced,
  type NetworkPlan,
  type NodePlan,
} from "./plan.ts";
import { findHelpers, type Host, hostFor, killHelpers } from "./processes.ts";
import {
  type ClusterRecord,
  type ClusterRequest,
  type NodeRequest,
  type Provisioner,
  ProvisionError,
  type Report,
} from "./provision.ts";
import { registryUrl, startRegistry } from "./registry.ts";
import { RuncContainer, runcPath } from "./runc.ts";
import { startSntp } from "./sntp.ts";
import { nodeCapabilities, nodeSpec } from "./spec.ts";
import {
  loadRecord,
  lockState,
  nodePaths,
  saveRecord,
  type StatePaths,
  statePaths,
} from "./state.ts";

function recordOf(
  request: ClusterRequest,
  status: ClusterRecord["status"],
): ClusterRecord {
  const { name, id, image, network } = request;
  const nodes = request.nodes.map(({ config: _secret, ...node }) => node);
  return { provisioner: "container", status, name, id, image, network, nodes };
}

/** Whether the roots of containers can be below `dir`. */
async function holdsRoots(dir: string): Promise<boolean> {
  return takesOverlays(await Deno.realPath(dir), await readMounts());
}

async function hostCapabilities(): Promise<string[]> {
  return nodeCapabilities(await Deno.readTextFile("/proc/self/status"));
}

async function checkHost(host: Host, request: ClusterRequest): Promise<void> {
  const missing = (what: string, text: string) =>
    new ProvisionError({ kind: "host", what }, text);
  if (Deno.uid() !== 0) {
    throw missing("root", "Cannot make namespaces and mounts: be root");
  }
  for (const path of [request.image, runcPath()]) {
    await Deno.stat(path).catch((cause) => {
      throw new ProvisionError(
        { kind: "host", what: "image" },
        `There is no "${path}": build it with "deno task image"`,
        { cause },
      );
    });
  }
  await checkNetworkFree(host, request.network);
}

/**
 * A creation that was killed may have forked a program a moment before: it
 * does not bear our mark until it is executed, and is found in the next turn.
 */
const REMOVAL_TURNS = 5;

/** Local clusters of containers. */
export class ContainerProvisioner implements Provisioner {
  readonly #state: string;

  /** `state` is the directory that holds a directory for each cluster. */
  constructor(state: string) {
    this.#state = resolve(state);
  }

  async create(
    request: ClusterRequest,
    report: Report,
  ): Promise<ClusterRecord> {
    const paths = statePaths(this.#state, request.name);
    await checkHost(hostFor(paths.dir), request);
    using _lock = await lockState(paths);
    // A damaged record is something, too.
    const before = await loadRecord(paths).catch(() => true);
    if (before !== undefined) {
      throw new ProvisionError(
        { kind: "exists", cluster: request.name },
        `Cluster "${request.name}" already exists; remove it with "talosctl cluster destroy --name ${request.name}"`,
      );
    }
    await saveRecord(paths, recordOf(request, "creating"));
    try {
      await this.#build(request, paths, report);
    } catch (thrown) {
      report("removing what was made so far");
      await this.#remove(request.name, paths).catch((problem) =>
        report(chainOf(problem))
      );
      throw thrown;
    }
    const record = recordOf(request, "running");
    await saveRecord(paths, record);
    return record;
  }

  async #build(request: ClusterRequest, paths: StatePaths, report: Report) {
    const { network, nodes } = request;
    const host = hostFor(paths.dir);
    const image = await pinImage(host, { source: request, dir: paths.image });
    const { version, keyId, blocks, ms } = await checkImage(request, image);
    report(
      `image ${version} of key ${
        keyId.slice(0, 16)
      }: ${blocks} blocks verified in ${(ms / 1000).toFixed(2)} s`,
    );
    await createBridge(host, network);
    report(`network ${network.cidr} on bridge ${network.bridge}`);
    await mountImage(host, image.image, paths.rootfs);
    await startSntp(host, paths, network.gateway);
    const { gateway } = network;
    if (isBalanced(request)) {
      const addresses = controlPlanesOf(request).map(({ ip }) => ip);
      await startBalancer(host, paths, { gateway, nodes: addresses });
    }
    if (request.images) {
      const { dir } = paths;
      await startRegistry(host, request.images, { dir, gateway });
      report(
        `images at ${registryUrl(gateway)} until the cluster is destroyed`,
      );
    }
    const capabilities = await hostCapabilities();
    if (!await holdsRoots(paths.dir)) {
      report(
        `"${paths.dir}" cannot hold the roots of containers: /var of each ` +
          "node is in memory; --state on a disk would keep it",
      );
    }
    // All of them: what one failure takes back must not still be growing.
    const started = await Promise.allSettled(nodes.map(async (node) => {
      await this.#startNode({ request, node, paths, capabilities });
      report(`node ${node.name} runs at ${node.ip}`);
    }));
    for (const each of started) {
      if (each.status === "rejected") throw each.reason;
    }
  }

  async #startNode(
    { request, node, paths, capabilities }: {
      request: ClusterRequest;
      node: NodeRequest;
      paths: StatePaths;
      capabilities: readonly string[];
    },
  ): Promise<void> {
    const own = nodePaths(paths, node.name);
    const durable = await holdsRoots(paths.dir);
    if (durable) await Deno.mkdir(own.var, { recursive: true });
    await Deno.mkdir(own.bundle, { recursive: true, mode: 0o700 });
    const secret = { mode: 0o600 };
    await Deno.writeTextFile(own.config, node.config, secret);
    const spec = nodeSpec(node, {
      image: paths.image,
      rootfs: paths.rootfs,
      ...durable && { var: own.var },
      config: own.config,
      cgroup: `${clusterCgroup(request.id)}/${node.name}`,
      capabilities,
    });
    const file = `${own.bundle}/config.json`;
    await Deno.writeTextFile(file, JSON.stringify(spec), secret);
    await this.#run(node, { network: request.network, paths });
  }

  /** Runs the bundle of a node that does not run. */
  async #run(
    node: NodePlan,
    { network, paths }: { network: NetworkPlan; paths: StatePaths },
  ): Promise<void> {
    const own = nodePaths(paths, node.name);
    const container = this.#container(paths, node.name);
    const pid = await container.create(own.bundle, own.console);
    await connectNode(hostFor(paths.dir), { network, node, pid });
    await container.start();
  }

  async start(name: string, report: Report): Promise<ClusterRecord> {
    const paths = statePaths(this.#state, name);
    using _lock = await lockState(paths);
    const record = await this.show(name);
    const stopped = await this.stopped(record);
    for (const node of record.nodes) {
      if (!stopped.includes(node.name)) continue;
      // What is left of its last run goes first: its cgroup, its record.
      await this.#container(paths, node.name).remove().catch(() => {});
      await this.#run(node, { network: record.network, paths });
      report(`node ${node.name} runs again at ${node.ip}`);
    }
    return record;
  }

  async annotate(
    name: string,
    change: Pick<ClusterRecord, "talosconfig" | "kubeconfig">,
  ): Promise<void> {
    const paths = statePaths(this.#state, name);
    using _lock = await lockState(paths);
    const record = await loadRecord(paths);
    if (record) await saveRecord(paths, { ...record, ...change });
  }

  async show(name: string): Promise<ClusterRecord> {
    const record = await loadRecord(statePaths(this.#state, name));
    if (record) return record;
    throw new ProvisionError(
      { kind: "absent", cluster: name },
      `There is no cluster "${name}" in "${this.#state}"`,
    );
  }

  async stopped(record: ClusterRecord): Promise<string[]> {
    const paths = statePaths(this.#state, record.name);
    const stopped: string[] = [];
    for (const { name } of record.nodes) {
      const state = await this.#container(paths, name).state();
      if (state?.status !== "running") stopped.push(name);
    }
    return stopped;
  }

  async destroy(
    name: string,
    report: Report,
  ): Promise<ClusterRecord | undefined> {
    const paths = statePaths(this.#state, name);
    using _lock = await lockState(paths);
    const record = await loadRecord(paths).catch((thrown) => {
      report(`${chainOf(thrown)}; removing what bears the cluster's name`);
      return undefined;
    });
    await this.#remove(name, paths);
    return record;
  }

  /** The caller holds the lock. */
  async #remove(name: string, paths: StatePaths): Promise<void> {
    let left: string[] = [];
    for (let turn = 0; turn < REMOVAL_TURNS; turn++) {
      left = await this.#removeOnce(name, paths);
      if (left.length === 0) {
        return await Deno.remove(paths.dir, { recursive: true });
      }
    }
    throw new ProvisionError(
      { kind: "leftover", cluster: name, what: left },
      `Cannot remove all of cluster "${name}": ${left.join(", ")} stayed`,
    );
  }

  /** Returns what is still there. */
  async #removeOnce(name: string, paths: StatePaths): Promise<string[]> {
    const id = clusterId(name);
    const host = hostFor(paths.dir);
    await killHelpers(paths.dir);
    await this.#removeContainers(paths);
    await removeCgroups(id);
    await unmountBelow(host, paths.dir);
    await removeLinks(host, id);
    return [
      ...await leftCgroups(id),
      ...await leftLinks(host, id),
      ...await mountsBelow(paths.dir),
      ...(await findHelpers(paths.dir)).map((pid) => `process ${pid}`),
    ];
  }

  #container(paths: StatePaths, id: string): RuncContainer {
    return new RuncContainer(hostFor(paths.dir), { root: paths.runc, id });
  }

  async #removeContainers(paths: StatePaths): Promise<void> {
    const names: string[] = [];
    try {
      for await (const entry of Deno.readDir(paths.runc)) {
        names.push(entry.name);
      }
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
    await Promise.all(
      // What runc cannot remove (it was cut short while creating) goes with
      // its cgroup.
      names.map((id) => this.#container(paths, id).remove().catch(() => {})),
    );
  }
}
