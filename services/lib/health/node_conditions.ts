/** The conditions that the nodes themselves answer for. Pure. */
import { canonicalAddress } from "../net/ip.ts";
import type { Condition } from "./conditions.ts";
import { oneReason, reasonsOfEach } from "./reasons.ts";
import {
  allNodes,
  type ClusterNodes,
  type MemberSeen,
  type ServiceSeen,
} from "./view.ts";

function describe({ id, state, healthy, lastMessage }: ServiceSeen): string {
  const ill = state === "Running" && healthy === false;
  const what = `${id} is ${state}${ill ? " and not healthy" : ""}`;
  return lastMessage === "" ? what : `${what}: ${lastMessage}`;
}

/** Of one that has to run, and is looked at by its node. */
function whyNotHealthy(
  services: readonly ServiceSeen[],
  id: string,
): string | undefined {
  const service = services.find((one) => one.id === id);
  if (!service) return `${id} is no service of it yet`;
  const { state, healthy } = service;
  if (state !== "Running" || healthy === false) return describe(service);
  return healthy ? undefined : `nobody knows yet whether ${id} is healthy`;
}

/** Those that end by themselves when all is well. */
const ENDS = ["bootkube"];

function isUp({ id, state, healthy }: ServiceSeen): boolean {
  if (state === "Skipped") return true;
  if (ENDS.includes(id)) return state === "Finished";
  return state === "Running" && healthy !== false;
}

/** What of `members` is not as the control planes are to make it. */
function whyNotMembers(
  members: readonly MemberSeen[],
  { controlPlanes }: ClusterNodes,
): string | undefined {
  const listed = new Set(controlPlanes.map(canonicalAddress));
  const hosts = new Set(members.map(({ host }) => canonicalAddress(host)));
  const missing = [...listed].filter((host) => !hosts.has(host));
  if (missing.length > 0) return `${missing.join(", ")} is no member`;
  for (const { name, host, isLearner } of members) {
    if (!listed.has(canonicalAddress(host))) {
      return `member ${name || host} (${host}) is no control plane`;
    }
    if (name === "") return `the member on ${host} has not started`;
    if (isLearner) return `member ${name} is still a learner`;
  }
  return undefined;
}

function idsOf(members: readonly MemberSeen[]): string {
  return members.map(({ id }) => id.toString(16)).sort().join(", ");
}

/** In their order: each stands on the ones before. */
export const NODE_CONDITIONS: readonly Condition[] = [
  {
    name: "etcd to be healthy",
    async look(view, cluster, signal) {
      return oneReason(
        await reasonsOfEach(
          cluster.controlPlanes,
          async (node) =>
            whyNotHealthy(await view.services(node, signal), "etcd"),
        ),
      );
    },
  },
  {
    name: "etcd members to be consistent across nodes",
    async look(view, cluster, signal) {
      let first: { node: string; ids: string } | undefined;
      const reasons = await reasonsOfEach(
        cluster.controlPlanes,
        async (node) => {
          const members = await view.members(node, signal);
          const ids = idsOf(members);
          first ??= { node, ids };
          const why = whyNotMembers(members, cluster);
          if (why !== undefined || first.ids === ids) return why;
          return `knows the members ${ids}, but ${first.node} ${first.ids}`;
        },
      );
      return oneReason(reasons);
    },
  },
  {
    name: "apid to be ready",
    async look(view, cluster, signal) {
      const ask = async (node: string) => {
        await view.version(node, signal);
        return undefined;
      };
      return oneReason(await reasonsOfEach(allNodes(cluster), ask));
    },
  },
  {
    name: "kubelet to be healthy",
    async look(view, cluster, signal) {
      return oneReason(
        await reasonsOfEach(
          allNodes(cluster),
          async (node) =>
            whyNotHealthy(await view.services(node, signal), "kubelet"),
        ),
      );
    },
  },
  {
    name: "all nodes to finish boot sequence",
    async look(view, cluster, signal) {
      return oneReason(
        await reasonsOfEach(allNodes(cluster), async (node) => {
          const services = await view.services(node, signal);
          const down = services.filter((service) => !isUp(service));
          return oneReason(down.map(describe));
        }),
      );
    },
  },
];
