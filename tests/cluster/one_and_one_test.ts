/** One control plane and one worker: a cluster as its users use it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadTalosconfig, saveTalosconfig } from "#lib/config/mod.ts";
import { tlsKey } from "#lib/pki/mod.ts";
import { kubeTransport } from "#lib/kube/transport.ts";
import { eventually } from "#tests/eventually.ts";
import { identityOf, withPair } from "#tests/identity.ts";
import { KubeCluster } from "#tests/kube_cluster.ts";
import {
  isHealthy,
  looksByItself,
  refusesHealth,
  saysWhatIsWrong,
} from "./health.ts";
import { readsLogs, restartsContainer, showsStats } from "./pod_commands.ts";
import { disarmsAlarms } from "./alarms.ts";
import { drainsWorker } from "./draining.ts";
import { getsKubeconfig, refusesKubeconfig } from "./kubeconfigs.ts";
import { recoversManifests, recoversStaticPods } from "./recovering.ts";
import { AGNHOST } from "../../rootfs/image_table.ts";

const READY_MS = 240_000;
const HTTP_PORT = 8080;

/** Two pods, one on each node, behind a service. */
function web() {
  const labels = { app: "web" };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            tolerations: [{ operator: "Exists" }],
            topologySpreadConstraints: [{
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "DoNotSchedule",
              labelSelector: { matchLabels: labels },
            }],
            containers: [{
              name: "web",
              image: AGNHOST,
              args: ["netexec", `--http-port=${HTTP_PORT}`],
              readinessProbe: {
                httpGet: { path: "/", port: HTTP_PORT },
                periodSeconds: 1,
              },
            }],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: labels, ports: [{ port: 80, targetPort: HTTP_PORT }] },
    },
  ];
}

interface PodRow {
  readonly name: string;
  readonly address: string;
  readonly node: string;
}

async function podsOf(kube: KubeCluster): Promise<PodRow[]> {
  const columns =
    "custom-columns=N:.metadata.name,A:.status.podIP,H:.spec.nodeName";
  const rows = await kube.kubectl("get", "pods", "--no-headers", "-o", columns);
  return rows.trim().split("\n").map((row) => {
    const [name = "", address = "", node = ""] = row.trim().split(/ +/);
    return { name, address, node };
  });
}

/** Connects from inside of a pod; throws unless it can. */
async function connect(kube: KubeCluster, pod: string, to: string) {
  await kube.kubectl(
    ...["exec", pod, "--", "/agnhost", "connect", to, "--timeout=5s"],
  );
}

/** What a port of a pod says, through the API server. */
async function throughPortForward(kube: KubeCluster, pod: string) {
  const [program, ...args] = kube.command([
    ...["port-forward", pod, `:${HTTP_PORT}`],
  ]) as [string, ...string[]];
  const child = new Deno.Command(program, {
    ...{ args, stdin: "null", stdout: "piped", stderr: "null" },
  }).spawn();
  try {
    let said = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      said += decoder.decode(chunk, { stream: true });
      const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port === undefined) continue;
      const url = `http://127.0.0.1:${port}/hostname`;
      return await (await fetch(url)).text();
    }
    throw new Error(`port-forward said only: ${said}`);
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

/** The status that the API server answers a client certificate with. */
async function statusFor(
  kube: KubeCluster,
  pair: { crt: string; key: string },
): Promise<number> {
  const transport = kubeTransport({
    url: kube.config.cluster.controlPlane.endpoint,
    ca: kube.config.cluster.ca!.crt!,
    ...pair,
  });
  try {
    const { status, body } = await transport.send({
      method: "GET",
      path: "/api/v1/nodes",
      signal: AbortSignal.timeout(20_000),
    });
    await body?.cancel();
    return status;
  } finally {
    transport.close();
  }
}

Deno.test("one control plane, one worker", async (t) => {
  await using kube = await KubeCluster.create({
    name: "t-kube",
    cidr: "10.5.120.0/24",
  });
  const { cluster } = kube;

  await t.step("both nodes are Ready, CoreDNS is available", async () => {
    await eventually(() => kube.nodes(), { withinMs: READY_MS });
    await kube.untilReady(2, READY_MS);
    await kube.kubectl(
      ...["-n", "kube-system", "rollout", "status", "deploy/coredns"],
    );
  });

  await t.step("the cluster says that it is well", () => isHealthy(kube));
  await t.step("talosctl finds it well by itself", () => looksByItself(kube));
  await t.step("and what is not well", () => saysWhatIsWrong(kube));
  await t.step("but not to everybody", () => refusesHealth(kube));

  await t.step("pods reach each other, and services by name", async () => {
    await kube.apply(...web());
    await eventually(
      () => kube.kubectl("rollout", "status", "deploy/web", "--timeout=20s"),
      {
        withinMs: READY_MS,
      },
    );
    const pods = await podsOf(kube);
    const nodes = new Set(pods.map(({ node }) => node));
    assertEquals(nodes.size, 2, JSON.stringify(pods));
    for (const from of pods) {
      for (const to of pods) {
        await connect(kube, from.name, `${to.address}:${HTTP_PORT}`);
      }
      // Services come to a node's tables some time after their pods are ready.
      await eventually(
        async () => {
          await connect(kube, from.name, "web.default.svc.cluster.local:80");
          return true;
        },
        { withinMs: 20_000 },
      );
      await connect(kube, from.name, "kubernetes.default:443");
    }
  });

  await t.step("logs, exec and port-forward, on both nodes", async () => {
    for (const { name } of await podsOf(kube)) {
      assertStringIncludes(await kube.kubectl("logs", name), "Started HTTP");
      const hostname = await kube.kubectl(
        "exec",
        name,
        "--",
        "/agnhost",
        "help",
      );
      assertStringIncludes(hostname, "netexec");
      assertEquals(await throughPortForward(kube, name), name);
    }
  });

  await t.step("talosctl reads logs of pods", () => readsLogs(kube));
  await t.step("talosctl shows what pods use", () => showsStats(kube));
  await t.step(
    "talosctl restarts a container of a pod",
    () => restartsContainer(kube),
  );

  await t.step("talosctl gets a kubeconfig", () => getsKubeconfig(kube));
  await t.step(
    "a worker has no kubeconfig, an operator gets none",
    () => refusesKubeconfig(kube),
  );

  await t.step("alarms of etcd are ended", () => disarmsAlarms(kube));

  await t.step("the two PKIs know nothing of each other", async () => {
    const machine = identityOf(await loadTalosconfig(cluster.talosconfig));
    const pair = { crt: machine.crt!, key: tlsKey(machine.key!) };
    assertEquals(await statusFor(kube, pair), 401);
    assertEquals(await statusFor(kube, kube.admin), 200);
    const talosconfig = `${cluster.talosconfig}.wrong`;
    const admin = await loadTalosconfig(cluster.talosconfig);
    await saveTalosconfig(talosconfig, withPair(admin, kube.admin));
    const { code } = await cluster.talosctl(
      ["-n", cluster.nodes[0]!, "version"],
      { talosconfig },
    );
    assert(code !== 0, "apid took a certificate of Kubernetes");
  });

  await t.step(
    "the control plane is labelled, and keeps pods away",
    async () => {
      const node = JSON.parse(
        await kube.kubectl("get", "node", cluster.nodeName(0), "-o", "json"),
      );
      const role = "node-role.kubernetes.io/control-plane";
      assertEquals(node.metadata.labels[role], "");
      assertEquals(node.spec.taints, [{ key: role, effect: "NoSchedule" }]);
    },
  );

  await t.step("what is removed comes back with a config", async () => {
    const place = ["-n", "kube-system"];
    await kube.kubectl(...place, "delete", "daemonset", "kube-proxy");
    const applied = await cluster.talosctl(
      ["-n", cluster.nodes[0]!, "apply-config", "-f", cluster.configPath(0)],
    );
    assertEquals(applied.code, 0, applied.stderr);
    await eventually(() => kube.kubectl(...place, "get", "ds", "kube-proxy"), {
      withinMs: 60_000,
    });
  });

  await t.step(
    "a worker is drained, a budget in the way is named",
    () => drainsWorker(kube),
  );

  await t.step(
    "recover brings back what the cluster starts with",
    () => recoversManifests(kube),
  );
  await t.step(
    "recover brings back lost static pods, from etcd",
    () => recoversStaticPods(kube),
  );
});
