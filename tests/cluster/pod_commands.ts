/** What talosctl does with the containers of Kubernetes, on a control plane. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import type { KubeCluster } from "#tests/kube_cluster.ts";

interface Row {
  readonly id: string;
  readonly pid: number;
}

/** Runs talosctl on the control plane; what it printed. */
async function onControlPlane(
  { cluster }: KubeCluster,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await cluster.talosctl(
    ["-n", cluster.nodes[0]!, ...args],
  );
  assertEquals(code, 0, stderr);
  return stdout;
}

async function pidOf(kube: KubeCluster, id: string): Promise<number> {
  const text = await onControlPlane(kube, ["containers", "-k", "-o", "json"]);
  const { messages } = JSON.parse(text) as {
    messages: { containers: Row[] }[];
  };
  const rows = messages.flatMap(({ containers }) => containers);
  return rows.find((row) => row.id === id && row.pid !== 0)?.pid ?? 0;
}

/** The log of a container by its name; a pod says whose logs there are. */
export async function readsLogs(kube: KubeCluster): Promise<void> {
  const pod = `kube-system/kube-scheduler-${kube.cluster.nodeName(0)}`;
  const id = `${pod}:kube-scheduler`;
  const all = await onControlPlane(kube, ["logs", "-k", id]);
  assert(all.split("\n").length > 3, all);
  const some = await onControlPlane(kube, ["logs", "-k", "--tail=2", id]);
  assertEquals(some.trimEnd().split("\n").length, 2, some);
  assertStringIncludes(some, " F ");
  const refused = await kube.cluster.talosctl(
    ["-n", kube.cluster.nodes[0]!, "logs", "-k", pod],
  );
  assertStringIncludes(refused.stderr, `has no log of its own`);
  assertStringIncludes(refused.stderr, id);
}

/** What uses how much. */
export async function showsStats(kube: KubeCluster): Promise<void> {
  const text = await onControlPlane(kube, ["stats", "-k"]);
  const row = text.split("\n")
    .find((line) => line.includes(":kube-apiserver"));
  const [, megabytes, nanoseconds] = /(\d+\.\d\d) +(\d+)$/.exec(row ?? "") ??
    [];
  assert(Number(megabytes) > 50 && Number(nanoseconds) > 1e8, text);
}

/** A container that is restarted has another process. */
export async function restartsContainer(kube: KubeCluster): Promise<void> {
  const id = `kube-system/kube-scheduler-${
    kube.cluster.nodeName(0)
  }:kube-scheduler`;
  const before = await pidOf(kube, id);
  assert(before > 0, id);
  await onControlPlane(kube, ["restart", "-k", "-c", id]);
  await eventually(async () => {
    const now = await pidOf(kube, id);
    return now !== 0 && now !== before;
  }, { withinMs: 60_000, what: `another process of ${id}` });
}
