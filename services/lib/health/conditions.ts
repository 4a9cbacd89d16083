/**
 * All that has to hold for a cluster to be well, in order: each condition
 * stands on the ones before it. Names are those of the seed era, where the
 * condition is.
 */
import { KUBE_CONDITIONS } from "./kube_conditions.ts";
import { NODE_CONDITIONS } from "./node_conditions.ts";
import type { ClusterNodes, ClusterView } from "./view.ts";

/** One of them. */
export interface Condition {
  /** What follows "waiting for". */
  readonly name: string;
  /** Why it does not hold; undefined: it does. */
  look(
    view: ClusterView,
    cluster: ClusterNodes,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

/** See the top of the file. */
export const CONDITIONS: readonly Condition[] = [
  ...NODE_CONDITIONS,
  ...KUBE_CONDITIONS,
];
