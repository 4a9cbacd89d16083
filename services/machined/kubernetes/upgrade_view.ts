/** What an upgrade sees of the cluster, as its API server has it. */
import { tagOf } from "#lib/config/mod.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { COMPONENTS, CONTROL_PLANE } from "#lib/kube/control_plane.ts";
import { isNotFound } from "#lib/kube/errors.ts";
import { addressesOf } from "#lib/health/kube_conditions.ts";
import { oneReason } from "#lib/health/reasons.ts";
import { isPodReady, whyPodWaits } from "#lib/kube/pods.ts";
import { type Container, type Pod, RESOURCES } from "#lib/kube/resources.ts";
import {
  PROXY,
  type SeenCluster,
  type UpgradedComponent,
} from "./upgrade_plan.ts";

const NAMESPACE = "kube-system";

function imageOf(
  containers: readonly Container[] | undefined,
  name: string,
): string | undefined {
  return containers?.find((one) => one.name === name)?.image;
}

/** The pods of one component, those that go left out. */
async function podsOf(
  app: string,
  client: KubeClient,
  signal: AbortSignal,
): Promise<Pod[]> {
  const labelSelector = `k8s-app=${app}`;
  const selection = { namespace: NAMESPACE, labelSelector };
  const { items } = await client.list(RESOURCES.pods, selection, signal);
  return items.filter(({ metadata }) =>
    metadata.deletionTimestamp === undefined
  );
}

async function proxyImage(
  client: KubeClient,
  signal: AbortSignal,
): Promise<string | undefined> {
  const place = { namespace: NAMESPACE, name: PROXY };
  try {
    const set = await client.get(RESOURCES.daemonSets, place, signal);
    return imageOf(set.spec?.template?.spec?.containers, PROXY);
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

/** What all control planes run, by name. @throws {KubeError} */
export async function seeCluster(
  client: KubeClient,
  signal: AbortSignal,
): Promise<SeenCluster> {
  const { items } = await client.list(
    RESOURCES.nodes,
    { labelSelector: CONTROL_PLANE },
    signal,
  );
  const versions = new Map(
    items.map(({ metadata }) => [
      metadata.name,
      {} as Partial<Record<UpgradedComponent, string>>,
    ]),
  );
  for (const component of COMPONENTS) {
    for (const { spec } of await podsOf(component, client, signal)) {
      const image = imageOf(spec?.containers, component);
      const seen = versions.get(spec?.nodeName ?? "");
      if (seen && image !== undefined) seen[component] = tagOf(image);
    }
  }
  const proxy = await proxyImage(client, signal);
  return {
    controlPlanes: items.map((node) => ({
      node: node.metadata.name,
      address: addressesOf(node)[0] ?? "",
      versions: versions.get(node.metadata.name)!,
    })).sort((a, b) => a.node < b.node ? -1 : 1),
    ...proxy !== undefined && { proxy: tagOf(proxy) },
  };
}

/** What is to run where. */
export interface WantedImage {
  readonly component: string;
  readonly image: string;
  /** Empty: all nodes. */
  readonly node: string;
}

/** Why it does not serve there yet; undefined: it does. @throws {KubeError} */
export async function whyNotServing(
  { component, image, node }: WantedImage,
  client: KubeClient,
  signal: AbortSignal,
): Promise<string | undefined> {
  const pods = await podsOf(component, client, signal);
  const names = node !== ""
    ? [node]
    : (await client.list(RESOURCES.nodes, {}, signal)).items
      .map(({ metadata }) => metadata.name);
  return oneReason(names.flatMap((name) => {
    const pod = pods.find(({ spec }) => spec?.nodeName === name);
    if (!pod) return [`${name} has no pod`];
    if (imageOf(pod.spec?.containers, component) !== image) {
      return [`${name} runs the one before`];
    }
    return isPodReady(pod) ? [] : [`${name}: ${whyPodWaits(pod)}`];
  }));
}
