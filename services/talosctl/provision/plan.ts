/**
 * What a local cluster consists of, worked out from its name and its CIDR
 * alone: names of nodes, links, cgroups, addresses. No side effects; since
 * everything is derived, leftovers are found by name without any record.
 */
import { createHash } from "node:crypto";
import { AgentError } from "#lib/errors.ts";
import { formatIp, networkOf, parsePrefix } from "#lib/net/ip.ts";

/** A request that cannot become a cluster. */
export class PlanError extends AgentError<
  | { kind: "name"; name: string }
  | { kind: "cidr"; cidr: string }
  | { kind: "size"; nodes: number; room: number }
> {}

/** Role of a node as the machine config spells it. */
export type NodeType = "init" | "controlplane" | "join";

/** One node, before anything of it exists. */
export interface NodePlan {
  readonly name: string;
  readonly type: NodeType;
  readonly ip: string;
  /** Host end of its link. */
  readonly link: string;
}

/** The network of a cluster. */
export interface NetworkPlan {
  /** Bridge, at most 15 characters. */
  readonly bridge: string;
  readonly cidr: string;
  readonly gateway: string;
  readonly prefix: number;
  readonly mtu: number;
}

/** All of it. */
export interface ClusterPlan {
  readonly name: string;
  /** `talos` and 8 hex digits: bridge, prefix of links, name of the cgroup. */
  readonly id: string;
  readonly network: NetworkPlan;
  readonly nodes: readonly NodePlan[];
}

/** Those that run etcd and an API server. */
export function controlPlanesOf(
  { nodes }: Pick<ClusterPlan, "nodes">,
): NodePlan[] {
  return nodes.filter(({ type }) => type !== "join");
}

/** Whether the endpoint is a balancer at the gateway; else the first node. */
export function isBalanced(plan: Pick<ClusterPlan, "nodes">): boolean {
  return controlPlanesOf(plan).length > 1;
}

/** What the user says. */
export interface ClusterShape {
  readonly name: string;
  readonly cidr: string;
  readonly mtu: number;
  readonly masters: number;
  readonly workers: number;
}

/** Two base-36 digits tell the links of a cluster apart. */
const NODES_MAX = 36 * 36;

/** `talos<first 8 hex of sha256(name)>`, as the seed era named the bridge. */
export function clusterId(name: string): string {
  const digest = createHash("sha256").update(name).digest("hex");
  return `talos${digest.slice(0, 8)}`;
}

/** Refuses names that are no file name, host name and YAML key at once. */
export function checkName(name: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) return;
  throw new PlanError(
    { kind: "name", name },
    `Cannot use "${name}" as the name of a cluster: only a-z, 0-9 and "-" inside, at most 40`,
  );
}

/** A parsed IPv4 CIDR: the network's first address, and its prefix length. */
function parseCidr(cidr: string): { base: number; prefix: number } {
  const parsed = parsePrefix(cidr);
  if (
    parsed?.address.length !== 4 || parsed.length < 8 || parsed.length > 30
  ) {
    throw new PlanError(
      { kind: "cidr", cidr },
      `Cannot use "${cidr}" as the network: an IPv4 network such as 10.5.0.0/24 is needed`,
    );
  }
  const { address, length } = networkOf(parsed);
  return { base: new DataView(address.buffer).getUint32(0), prefix: length };
}

/** Dotted form of a 32-bit address. */
function formatAddress(address: number): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, address);
  return formatIp(bytes);
}

/** The plan of a cluster. Gateway is the first address, then the masters. */
export function planCluster(shape: ClusterShape): ClusterPlan {
  checkName(shape.name);
  const { base, prefix } = parseCidr(shape.cidr);
  const count = shape.masters + shape.workers;
  // Not the network, the gateway, the broadcast address.
  const room = Math.min(2 ** (32 - prefix) - 3, NODES_MAX);
  if (count < 1 || count > room) {
    throw new PlanError(
      { kind: "size", nodes: count, room },
      `Cannot place ${count} nodes in "${shape.cidr}": there is room for ${room}`,
    );
  }
  const id = clusterId(shape.name);
  const nodes = Array.from({ length: count }, (_, index): NodePlan => {
    const master = index < shape.masters;
    const number = master ? index + 1 : index + 1 - shape.masters;
    return {
      name: `${shape.name}-${master ? "master" : "worker"}-${number}`,
      type: master ? "controlplane" : "join",
      ip: formatAddress(base + 2 + index),
      link: id + index.toString(36).padStart(2, "0"),
    };
  });
  const network = {
    bridge: id,
    cidr: `${formatAddress(base)}/${prefix}`,
    gateway: formatAddress(base + 1),
    prefix,
    mtu: shape.mtu,
  };
  return { name: shape.name, id, network, nodes };
}
