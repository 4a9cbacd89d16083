/** Whether a cluster says that it is well, and what is not when it is not. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { loadTalosconfig, saveTalosconfig } from "#lib/config/mod.ts";
import { Ca, issueAdmin, toBase64 } from "#lib/pki/mod.ts";
import { Role } from "#lib/rpc/roles.ts";
import type { KubeCluster } from "#tests/kube_cluster.ts";

const COREDNS = ["-n", "kube-system", "scale", "deploy/coredns"];
/** For what is well again after a moment. */
const SOON = "--wait-timeout=2m";
/** For what stays as it is. */
const NEVER = "--wait-timeout=10s";
/** talosctl's, for a limit and for a role. */
const EXIT = { timeout: 7, certificate: 5 };

/** `talosctl health`, asked of the control plane. */
async function health(
  { cluster }: KubeCluster,
  flags: readonly string[],
  options: { talosconfig?: string } = {},
) {
  const args = ["-n", cluster.nodes[0]!, "health", ...flags];
  return await cluster.talosctl(args, options);
}

/** A talosconfig of somebody with the one role. */
async function talosconfigOf(kube: KubeCluster, role: Role): Promise<string> {
  const { cluster, config } = kube;
  const { crt = "", key = "" } = config.machine.ca ?? {};
  const pair = await issueAdmin(await Ca.load({ crt, key }), { roles: [role] });
  const admin = await loadTalosconfig(cluster.talosconfig);
  const contexts = Object.entries(admin.contexts).map(([name, context]) => [
    name,
    { ...context, crt: toBase64(pair.crt), key: toBase64(pair.key) },
  ]);
  const path = `${cluster.talosconfig}.${role.replace(":", "-")}`;
  await saveTalosconfig(path, {
    ...admin,
    contexts: Object.fromEntries(contexts),
  });
  return path;
}

/** All conditions hold, nodes found or named; a reader may ask. */
export async function isHealthy(kube: KubeCluster): Promise<void> {
  const [controlPlane = "", worker = ""] = kube.cluster.nodes;
  const talosconfig = await talosconfigOf(kube, Role.reader);
  const found = await health(kube, [SOON], { talosconfig });
  assertEquals(found.code, 0, found.stderr);
  assertEquals(found.stdout, "");
  assertStringIncludes(
    found.stderr,
    `discovered nodes: control plane: ["${controlPlane}"], worker: ["${worker}"]`,
  );
  assertMatch(found.stderr, /schedulable: OK\n$/);
  const named = await health(kube, [
    ...[SOON, `--control-plane-nodes=${controlPlane}`],
    `--worker-nodes=${worker}`,
  ]);
  assertEquals(named.code, 0, named.stderr);
}

/** Not a control plane but the client looks, with a kubeconfig of its own. */
export async function looksByItself(kube: KubeCluster): Promise<void> {
  const [controlPlane, worker] = kube.cluster.nodes;
  const byItself = [
    "--server=false",
    `--init-node=${controlPlane}`,
    `--worker-nodes=${worker}`,
  ];
  const well = await health(kube, [SOON, ...byItself]);
  assertEquals(well.code, 0, well.stderr);
  assertMatch(well.stderr, /schedulable: OK\n$/);
  const talosconfig = await talosconfigOf(kube, Role.reader);
  const reader = await health(kube, byItself, { talosconfig });
  assertEquals(reader.code, EXIT.certificate, reader.stderr);
  assertStringIncludes(reader.stderr, "Kubeconfig needs the role os:admin");
}

/** What is not well is named, with its reason. */
export async function saysWhatIsWrong(kube: KubeCluster): Promise<void> {
  const [controlPlane = ""] = kube.cluster.nodes;
  const worker = kube.cluster.nodeName(1);
  const check = async (flags: readonly string[], reason: string) => {
    const { code, stderr } = await health(kube, [NEVER, ...flags]);
    assertEquals(code, EXIT.timeout, stderr);
    assertStringIncludes(stderr, reason);
  };
  await kube.kubectl(...COREDNS, "--replicas=0");
  try {
    const reason = "coredns to report ready: there is no pod of coredns";
    await check([], reason);
  } finally {
    await kube.kubectl(...COREDNS, "--replicas=2");
  }
  assertEquals((await health(kube, [SOON])).code, 0);
  await kube.kubectl("cordon", worker);
  try {
    const reason = `schedulable: ${worker} is cordoned`;
    await check([], reason);
    const [, address] = kube.cluster.nodes;
    await check([
      ...["--server=false", `--init-node=${controlPlane}`],
      `--worker-nodes=${address}`,
    ], reason);
  } finally {
    await kube.kubectl("uncordon", worker);
  }
  const absent = "--worker-nodes=10.5.120.200";
  await check(
    [`--init-node=${controlPlane}`, absent],
    "waiting for apid to be ready: 10.5.120.200: ",
  );
}

/** No role, no look; a worker knows nothing of the cluster. */
export async function refusesHealth(kube: KubeCluster): Promise<void> {
  const talosconfig = await talosconfigOf(kube, Role.impersonator);
  const refused = await health(kube, [], { talosconfig });
  assertEquals(refused.code, EXIT.certificate, refused.stderr);
  const worker = await kube.cluster.talosctl(
    ["-n", kube.cluster.nodes[1]!, "health"],
  );
  assertEquals(worker.code, 1);
  assertStringIncludes(worker.stderr, "ask a control plane");
}
