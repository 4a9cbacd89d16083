/** A control plane that lost its static pods, and a cluster its manifests. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import type { KubeCluster } from "#tests/kube_cluster.ts";

const SYSTEM = ["-n", "kube-system"];
const SLOW_MS = 120_000;

async function recoverFrom(kube: KubeCluster, source: string): Promise<void> {
  const { cluster } = kube;
  const { code, stderr } = await cluster.talosctl(
    ["-n", cluster.nodes[0]!, "recover", "--source", source],
  );
  assertEquals(code, 0, stderr);
}

/** What is gone in Kubernetes comes back from a live API server. */
export async function recoversManifests(kube: KubeCluster): Promise<void> {
  await kube.kubectl(...SYSTEM, "delete", "daemonset", "kube-proxy");
  await recoverFrom(kube, "apiserver");
  await eventually(() => kube.kubectl(...SYSTEM, "get", "ds", "kube-proxy"), {
    withinMs: SLOW_MS,
  });
}

/** With no API server left, etcd is enough. */
export async function recoversStaticPods(kube: KubeCluster): Promise<void> {
  const init = await kube.cluster.initPid(0);
  const directory = `/proc/${init}/root/etc/kubernetes/manifests`;
  for await (const { name } of Deno.readDir(directory)) {
    await Deno.remove(`${directory}/${name}`);
  }
  const gone = async () =>
    (await kube.try(["get", "--raw=/readyz"])).code !== 0;
  await eventually(gone, { withinMs: SLOW_MS, what: "no API server" });
  const { cluster } = kube;
  const refused = await cluster.talosctl(
    ["-n", cluster.nodes[0]!, "recover", "--source=apiserver"],
  );
  assertStringIncludes(
    refused.stderr,
    "Cannot recover from the API server: none is ready",
  );
  await recoverFrom(kube, "etcd");
  await eventually(() => kube.kubectl("get", "--raw=/readyz"), {
    withinMs: SLOW_MS,
  });
  await kube.untilReady(2, SLOW_MS);
}
