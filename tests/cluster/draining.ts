/** A worker is emptied for an upgrade, as far as budgets allow it. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { systemClock } from "#lib/clock.ts";
import { KubeClient } from "#lib/kube/client.ts";
import { cordon, uncordon } from "#lib/kube/cordon.ts";
import { drain, DrainError } from "#lib/kube/drain.ts";
import { kubeTransport } from "#lib/kube/transport.ts";
import { eventually } from "#tests/eventually.ts";
import type { KubeCluster } from "#tests/kube_cluster.ts";
import { AGNHOST } from "../../rootfs/image_table.ts";

const NAME = "guarded";
const LABELS = { app: NAME };
const SLOW_MS = 120_000;

/** One pod that may not go, on the only node that takes it. */
function guarded() {
  const selector = { matchLabels: LABELS };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: NAME },
      spec: {
        replicas: 1,
        selector,
        template: {
          metadata: { labels: LABELS },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name: NAME, image: AGNHOST, args: ["pause"] }],
          },
        },
      },
    },
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: NAME },
      spec: { selector, minAvailable: 1 },
    },
  ];
}

function clientOf(kube: KubeCluster): KubeClient {
  return new KubeClient(kubeTransport({
    url: kube.config.cluster.controlPlane.endpoint,
    ca: kube.config.cluster.ca!.crt!,
    ...kube.admin,
  }));
}

async function untilRolledOut(kube: KubeCluster): Promise<void> {
  await eventually(
    () => kube.kubectl("rollout", "status", `deploy/${NAME}`, "--timeout=10s"),
    { withinMs: SLOW_MS },
  );
}

/** Who owns what is left on `node`. */
async function ownersOn(kube: KubeCluster, node: string): Promise<string[]> {
  const owners = await kube.kubectl(
    ...["get", "pods", "-A", `--field-selector=spec.nodeName=${node}`],
    "-o=jsonpath={.items[*].metadata.ownerReferences[0].kind}",
  );
  return [...new Set(owners.trim().split(" "))];
}

/** With a budget in the way it is named; without one the node is empty. */
export async function drainsWorker(kube: KubeCluster): Promise<void> {
  const node = kube.cluster.nodeName(1);
  const { signal } = new AbortController();
  const client = clientOf(kube);
  const options = { client, node, clock: systemClock };
  // Its pods tolerate everything, a cordoned node, too.
  await kube.kubectl("delete", "deployment", "web", "--wait=true");
  await kube.apply(...guarded());
  await untilRolledOut(kube);
  try {
    assertEquals(await cordon(client, node, signal), true);
    const thrown = await assertRejects(
      () => drain({ ...options, timeoutMs: 6_000 }, signal),
      DrainError,
      `Cannot drain node "${node}" within 6 s`,
    );
    const held = thrown.problem.blockers
      .find(({ pod }) => pod.startsWith(`default/${NAME}-`));
    assertStringIncludes(held!.reason, `The disruption budget ${NAME} needs 1`);
    await kube.kubectl("delete", "poddisruptionbudget", NAME);
    await drain({ ...options, timeoutMs: SLOW_MS }, signal);
    assertEquals(await ownersOn(kube, node), ["DaemonSet"]);
    assertEquals(await uncordon(client, { name: node }, signal), true);
    await untilRolledOut(kube);
  } finally {
    client.close();
  }
}
