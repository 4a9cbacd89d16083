/** The kubeconfig that the command gets: whose, for how long, for whom. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  decode,
  encode,
  loadTalosconfig,
  saveTalosconfig,
} from "#lib/config/mod.ts";
import { Ca, HOUR_MS, issueAdmin, readCertificate } from "#lib/pki/mod.ts";
import { eventually } from "#tests/eventually.ts";
import type { KubeCluster } from "#tests/kube_cluster.ts";
import { withPair } from "#tests/identity.ts";

const LIFE_HOURS = 3;
/** A certificate begins a little before it is asked for. */
const SLACK_MS = 10 * 60_000;
const APPLIED_MS = 30_000;

async function applyLifetime({ cluster }: KubeCluster): Promise<void> {
  const { config } = decode(await Deno.readFile(cluster.configPath(0)));
  const certLifetime = `${LIFE_HOURS}h`;
  const path = `${cluster.talosconfig}.machine.yaml`;
  const changed = { ...config.cluster, adminKubeconfig: { certLifetime } };
  await Deno.writeTextFile(path, encode({ ...config, cluster: changed }));
  const { code, stderr } = await cluster.talosctl(
    ["-n", cluster.nodes[0]!, "apply-config", "-f", path],
  );
  assertEquals(code, 0, stderr);
}

/** How long the certificate in the kubeconfig lives. */
async function lifeOf(kube: KubeCluster, path: string): Promise<number> {
  const data = await kube.kubectl(
    ...[`--kubeconfig=${path}`, "config", "view", "--raw", "--minify"],
    "-o=jsonpath={.users[0].user.client-certificate-data}",
  );
  const { notBefore, notAfter } = await readCertificate(atob(data));
  return notAfter - notBefore;
}

/** It works, and lives as long as the config of the node says. */
export async function getsKubeconfig(kube: KubeCluster): Promise<void> {
  const { cluster } = kube;
  const path = `${cluster.talosconfig}.got`;
  await applyLifetime(kube);
  const wantedMs = LIFE_HOURS * HOUR_MS;
  await eventually(async () => {
    const { code, stderr } = await cluster.talosctl(
      ["-n", cluster.nodes[0]!, "kubeconfig", "--force", path],
    );
    assertEquals(code, 0, stderr);
    const lifeMs = await lifeOf(kube, path);
    return lifeMs >= wantedMs && lifeMs < wantedMs + SLACK_MS;
  }, { withinMs: APPLIED_MS, what: "a kubeconfig of the lifetime" });
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  const own = [`--kubeconfig=${path}`];
  const groups =
    "-o=jsonpath={.status.userInfo.username} {.status.userInfo.groups}";
  const who = await kube.kubectl(...own, "auth", "whoami", groups);
  assertStringIncludes(who, "admin ");
  assertStringIncludes(who, '"system:masters"');
  assertEquals(
    await kube.kubectl(...own, "get", "nodes", "-o=name"),
    cluster.nodes.map((_, i) => `node/${cluster.nodeName(i)}\n`).join(""),
  );
}

/** Workers have no key to sign with, operators no right to ask. */
export async function refusesKubeconfig(kube: KubeCluster): Promise<void> {
  const { cluster } = kube;
  const path = `${cluster.talosconfig}.refused`;
  const [control, worker] = cluster.nodes;
  const get = (node: string, options = {}) =>
    cluster.talosctl(["-n", node, "kubeconfig", path], options);
  const none = await get(worker!);
  assertStringIncludes(none.stderr, "this node is a worker");
  const { crt, key } = kube.config.machine.ca!;
  const operator = await issueAdmin(
    await Ca.load({ crt: crt!, key: key! }),
    { roles: ["os:operator"] },
  );
  const talosconfig = `${cluster.talosconfig}.operator`;
  const admin = await loadTalosconfig(cluster.talosconfig);
  await saveTalosconfig(talosconfig, withPair(admin, operator));
  const denied = await get(control!, { talosconfig });
  assertStringIncludes(denied.stderr, "needs the role os:admin");
  for (const { code } of [none, denied]) assert(code !== 0);
  assertEquals(await Deno.stat(path).catch(() => "none"), "none");
}
