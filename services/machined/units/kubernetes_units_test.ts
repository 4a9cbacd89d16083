/** The containers that machined runs for Kubernetes, as text for review. */
import { assert, assertEquals } from "@std/assert";
import { effective, generateConfig, generateSecrets } from "#lib/config/mod.ts";
import type { KubernetesInput } from "../kubernetes/input.ts";
import { KNOWN_CLUSTER, newCluster } from "../etcd/membership.ts";
import { etcdArgs, selfOf } from "./etcd.ts";
import { restoreArgs } from "./etcd_restore.ts";
import { kubeletContainer } from "./kubelet.ts";

const secrets = await generateSecrets({ algorithm: "ECDSA-P256" });

function inputOf(): KubernetesInput {
  const config = effective(generateConfig("controlplane", {
    clusterName: "test",
    endpoint: "https://10.5.0.1:6443",
  }, secrets));
  return {
    ...{ config, hostname: "test-1", addresses: ["10.5.0.2"] },
    mode: "container",
  };
}

Deno.test("etcd: the first member, and one that has data", () => {
  const input = inputOf();
  const self = selfOf(input);
  assertEquals(self, { name: "test-1", peerUrl: "https://10.5.0.2:2380" });
  const args = etcdArgs(input, newCluster(self));
  assertEquals(args.filter((arg) => arg.startsWith("--initial")), [
    "--initial-advertise-peer-urls=https://10.5.0.2:2380",
    "--initial-cluster=test-1=https://10.5.0.2:2380",
    "--initial-cluster-state=new",
  ]);
  const again = etcdArgs(input, KNOWN_CLUSTER);
  assert(!again.some((arg) => arg.startsWith("--initial-cluster=")));
  assert(again.includes("--initial-cluster-state=existing"));
});

Deno.test("etcd: extraArgs add, and never decide what it is", () => {
  const input = inputOf();
  const config = structuredClone(input.config) as {
    cluster: { etcd: { extraArgs?: Record<string, string> } };
  } & KubernetesInput["config"];
  config.cluster.etcd.extraArgs = {
    "quota-backend-bytes": "1",
    "data-dir": "/tmp",
    "peer-client-cert-auth": "false",
    "initial-cluster": "x=http://y",
  };
  const args = etcdArgs({ ...input, config }, KNOWN_CLUSTER);
  assert(args.includes("--quota-backend-bytes=1"));
  assert(args.includes("--data-dir=/var/lib/etcd"));
  assert(args.includes("--peer-client-cert-auth=true"));
  assert(!args.some((arg) => arg.includes("http://y")));
});

Deno.test("etcd: a restore makes it the only member, its revisions new", () => {
  const into = "/var/lib/etcd/restored";
  const what = { snapshot: "/var/lib/etcd/s", skipHashCheck: false, into };
  const args = restoreArgs(selfOf(inputOf()), what);
  assertEquals(args, [
    "/usr/local/bin/etcdutl",
    "snapshot",
    "restore",
    "/var/lib/etcd/s",
    "--data-dir=/var/lib/etcd/restored",
    "--name=test-1",
    "--initial-cluster=test-1=https://10.5.0.2:2380",
    "--initial-advertise-peer-urls=https://10.5.0.2:2380",
    "--bump-revision=1000000000",
    "--mark-compacted",
  ]);
  const unchecked = { ...what, skipHashCheck: true };
  assertEquals(
    restoreArgs(selfOf(inputOf()), unchecked),
    [...args, "--skip-hash-check"],
  );
});

Deno.test("kubelet: the node's name spaces, mounts that reach the node", () => {
  const facts = {
    capabilities: ["CAP_SYS_ADMIN" as const],
    oomScoreAdjMin: 0,
    cgroupVersion: 1 as const,
  };
  const container = kubeletContainer(inputOf(), facts);
  assertEquals(container.propagation, "rshared");
  assertEquals(container.oomScoreAdj, 0);
  const shared = container.mounts
    .filter(({ options }) => options.includes("rshared"))
    .map(({ destination }) => destination);
  assertEquals(shared, [
    "/dev",
    "/sys",
    "/run",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/log",
    "/etc/kubernetes",
    "/etc/cni",
    "/usr/libexec/kubernetes",
  ]);
});
