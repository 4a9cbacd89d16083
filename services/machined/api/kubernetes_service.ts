/** talos.KubernetesService: message -> upgrades -> message. No decisions. */
import type { ServiceHandlers } from "#lib/rpc/call.ts";
import {
  type KubernetesService,
  KubernetesUpgradeProgress_Kind as Kind,
} from "#proto/kubernetes_pb.ts";
import type { Node } from "./node.ts";

const KINDS = {
  condition: Kind.CONDITION,
  image: Kind.IMAGE,
  component: Kind.COMPONENT,
} as const;

/** The handlers for `node`. */
export function kubernetesService(
  { upgrades }: Pick<Node, "upgrades">,
): ServiceHandlers<typeof KubernetesService> {
  return {
    upgradePlan: async ({ to, from, endpoint }, { signal }) => {
      const call = { to, from, endpoint };
      const { controlPlanes, steps } = await upgrades.plan(call, signal);
      return {
        messages: [{ controlPlanes: [...controlPlanes], steps: [...steps] }],
      };
    },
    upgradeStream: async function* ({ to, from, endpoint }, { signal }) {
      const call = { to, from, endpoint };
      for await (const { kind, ...rest } of upgrades.follow(call, signal)) {
        yield { kind: KINDS[kind], ...rest };
      }
    },
  };
}
