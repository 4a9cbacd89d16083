/** The conditions that Kubernetes answers for. Pure. */
import { canonicalAddress } from "../net/ip.ts";
import { COMPONENTS, CONTROL_PLANE } from "../kube/control_plane.ts";
import { holds, isPodReady, whyPodWaits } from "../kube/pods.ts";
import type { KubeNode, Pod } from "../kube/resources.ts";
import type { Condition } from "./conditions.ts";
import { oneReason } from "./reasons.ts";
import { allNodes, type ClusterNodes } from "./view.ts";

/** The addresses of a node, as Kubernetes has them. */
export function addressesOf({ status }: KubeNode): string[] {
  return (status?.addresses ?? [])
    .filter(({ type }) => type === "InternalIP")
    .map(({ address }) => canonicalAddress(address));
}

/** Nodes that are not registered, and registered ones that are not listed. */
function whyNotListed(
  nodes: readonly KubeNode[],
  cluster: ClusterNodes,
): string[] {
  const listed = new Set(allNodes(cluster).map(canonicalAddress));
  const known = new Set(nodes.flatMap(addressesOf));
  const missing = [...listed].filter((address) => !known.has(address))
    .map((address) => `${address} is not registered`);
  const others = nodes
    .filter((node) => !addressesOf(node).some((one) => listed.has(one)))
    .map((node) =>
      `${node.metadata.name} (${addressesOf(node).join(", ")}) is not expected`
    );
  return [...missing, ...others];
}

function whyNotReady({ metadata, status }: KubeNode): string[] {
  const { conditions } = status ?? {};
  if (holds(conditions, "Ready")) return [];
  const ready = conditions?.find(({ type }) => type === "Ready");
  const why = ready?.message || ready?.reason || "its kubelet says nothing";
  return [`${metadata.name} is not ready: ${why}`];
}

function whyPodNotReady(pod: Pod): string[] {
  if (isPodReady(pod)) return [];
  return [`${pod.metadata.name} is not ready: ${whyPodWaits(pod)}`];
}

/** Nodes of `names` without a pod of `app`, and pods that do not serve. */
function whyNotOnEach(
  names: readonly string[],
  { app, pods }: { readonly app: string; readonly pods: readonly Pod[] },
): string[] {
  return names.flatMap((name) => {
    const own = pods.filter(({ spec }) => spec?.nodeName === name);
    if (own.length === 0) return [`${name} has no pod of ${app}`];
    return own.flatMap(whyPodNotReady);
  });
}

/** The label says control plane exactly where the list does. */
function whyNotLabelled(
  nodes: readonly KubeNode[],
  { controlPlanes }: ClusterNodes,
): string[] {
  const listed = new Set(controlPlanes.map(canonicalAddress));
  return nodes.flatMap((node) => {
    const { name, labels = {} } = node.metadata;
    const wanted = addressesOf(node).some((one) => listed.has(one));
    const labelled = labels[CONTROL_PLANE] !== undefined;
    if (wanted === labelled) return [];
    return [`${name} ${wanted ? "lacks" : "has"} the label ${CONTROL_PLANE}`];
  });
}

function names(nodes: readonly KubeNode[]): string[] {
  return nodes.map(({ metadata }) => metadata.name);
}

/** In their order: each stands on the ones before. */
export const KUBE_CONDITIONS: readonly Condition[] = [
  {
    name: "all k8s nodes to report",
    async look(view, cluster, signal) {
      return oneReason(whyNotListed(await view.kubeNodes(signal), cluster));
    },
  },
  {
    name: "all control plane components to be ready",
    async look(view, cluster, signal) {
      const nodes = await view.kubeNodes(signal);
      const masters = nodes.filter(({ metadata }) =>
        metadata.labels?.[CONTROL_PLANE] !== undefined
      );
      const reasons = whyNotLabelled(nodes, cluster);
      for (const app of COMPONENTS) {
        const pods = await view.systemPods(`k8s-app=${app}`, signal);
        reasons.push(...whyNotOnEach(names(masters), { app, pods }));
      }
      return oneReason(reasons);
    },
  },
  {
    name: "all k8s nodes to report ready",
    async look(view, _, signal) {
      return oneReason((await view.kubeNodes(signal)).flatMap(whyNotReady));
    },
  },
  {
    name: "kube-proxy to report ready",
    async look(view, _, signal) {
      const nodes = names(await view.kubeNodes(signal));
      const app = "kube-proxy";
      const pods = await view.systemPods(`k8s-app=${app}`, signal);
      return oneReason(whyNotOnEach(nodes, { app, pods }));
    },
  },
  {
    name: "coredns to report ready",
    async look(view, _, signal) {
      // The label is older than CoreDNS.
      const pods = await view.systemPods("k8s-app=kube-dns", signal);
      if (pods.length === 0) return "there is no pod of coredns";
      return oneReason(pods.flatMap(whyPodNotReady));
    },
  },
  {
    name: "all k8s nodes to report schedulable",
    async look(view, _, signal) {
      const cordoned = (await view.kubeNodes(signal))
        .filter(({ spec }) => spec?.unschedulable);
      return oneReason(
        names(cordoned).map((name) => `${name} is cordoned`),
      );
    },
  },
];
