/**
 * What the health of a cluster is judged by: its nodes, and what is seen of
 * them. The conditions know nothing of sockets; a test hands in its own view.
 */
import type { KubeNode, Pod } from "../kube/resources.ts";

/** Addresses of the nodes that there are to be. */
export interface ClusterNodes {
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
}

/** All of them, control planes first. */
export function allNodes({ controlPlanes, workers }: ClusterNodes): string[] {
  return [...controlPlanes, ...workers];
}

/** One service of a node, as its API lists it. */
export interface ServiceSeen {
  readonly id: string;
  readonly state: string;
  /** Undefined: nobody has looked yet, or nobody does. */
  readonly healthy: boolean | undefined;
  /** What it said last. */
  readonly lastMessage: string;
}

/** One member of etcd, as a member lists it. */
export interface MemberSeen {
  readonly id: bigint;
  /** Empty: it has not started yet. */
  readonly name: string;
  /** The host of its first peer URL. */
  readonly host: string;
  readonly isLearner: boolean;
}

/** What can be seen of a cluster; each look rejects with why it cannot be. */
export interface ClusterView {
  /** Whether apid, and machined behind it, answer for `node`. */
  version(node: string, signal: AbortSignal): Promise<void>;
  services(node: string, signal: AbortSignal): Promise<readonly ServiceSeen[]>;
  /** The members, as the one on `node` has them. */
  members(node: string, signal: AbortSignal): Promise<readonly MemberSeen[]>;
  /** The nodes, as Kubernetes has them. */
  kubeNodes(signal: AbortSignal): Promise<readonly KubeNode[]>;
  /** Pods of `kube-system` that are there to stay. */
  systemPods(
    labelSelector: string,
    signal: AbortSignal,
  ): Promise<readonly Pod[]>;
}
