/** What a control plane is called in Kubernetes, and what it keeps away. */
import type { KubeClient } from "#lib/kube/client.ts";
import { CONTROL_PLANE } from "#lib/kube/control_plane.ts";
import { type KubeNode, RESOURCES, type Taint } from "#lib/kube/resources.ts";

/** The seed era's name of it, which its tools look for. */
const MASTER = "node-role.kubernetes.io/master";

/** The change that makes `node` a control plane; undefined when it is one. */
export function roleChange(
  node: KubeNode,
  { schedulable }: { readonly schedulable: boolean },
): unknown | undefined {
  const { labels = {} } = node.metadata;
  const taints = node.spec?.taints ?? [];
  const isOurs = ({ key }: Taint) => key === CONTROL_PLANE || key === MASTER;
  const wanted: Taint[] = [
    ...taints.filter((taint) => !isOurs(taint)),
    ...schedulable ? [] : [{ key: CONTROL_PLANE, effect: "NoSchedule" }],
  ];
  const labelled = labels[CONTROL_PLANE] === "" && labels[MASTER] === "";
  const tainted = taints.some(isOurs) !== schedulable;
  if (labelled && tainted) return undefined;
  return {
    metadata: {
      // Somebody else's change in between is a conflict, not a loss.
      resourceVersion: node.metadata.resourceVersion,
      labels: { [CONTROL_PLANE]: "", [MASTER]: "" },
    },
    spec: { taints: wanted },
  };
}

/** Labels and taints the node `name`; whether anything was changed. */
export async function applyRole(
  client: KubeClient,
  { name, schedulable }: {
    readonly name: string;
    readonly schedulable: boolean;
  },
  signal: AbortSignal,
): Promise<boolean> {
  const node = await client.get(RESOURCES.nodes, { name }, signal);
  const change = roleChange(node, { schedulable });
  if (change === undefined) return false;
  await client.patch(RESOURCES.nodes, { name, change }, signal);
  return true;
}
