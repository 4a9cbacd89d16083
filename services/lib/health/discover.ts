/**
 * The nodes of a cluster, where nobody lists them: the control planes by
 * their label, the others are workers.
 */
import { CONTROL_PLANE } from "../kube/control_plane.ts";
import { addressesOf } from "./kube_conditions.ts";
import type { ClusterNodes, ClusterView } from "./view.ts";

/** The nodes, or why they are not known yet. */
export async function discover(
  view: Pick<ClusterView, "kubeNodes">,
  signal: AbortSignal,
): Promise<ClusterNodes | string> {
  const controlPlanes: string[] = [];
  const workers: string[] = [];
  for (const node of await view.kubeNodes(signal)) {
    const [address] = addressesOf(node);
    if (address === undefined) {
      return `${node.metadata.name} has no address yet`;
    }
    const labelled = node.metadata.labels?.[CONTROL_PLANE] !== undefined;
    (labelled ? controlPlanes : workers).push(address);
  }
  if (controlPlanes.length === 0) {
    return "no control plane is registered in Kubernetes yet";
  }
  return { controlPlanes: controlPlanes.sort(), workers: workers.sort() };
}
