/**
 * What a worker says that cannot be of its cluster: each with one thing wrong
 * in its config, and well again with the right one.
 */
import { assertEquals } from "@std/assert";
import { decode, encode, type MachineConfig } from "#lib/config/mod.ts";
import { generateCa } from "#lib/pki/mod.ts";
import { eventually } from "#tests/eventually.ts";
import type { KubeCluster } from "#tests/kube_cluster.ts";

const WORKER = 1;
const SLOW_MS = 120_000;

interface Wrong {
  readonly change: (config: MachineConfig) => MachineConfig;
  /** What `talosctl service kubelet` says. */
  readonly said: string;
}

async function wrongs(): Promise<Wrong[]> {
  const other = await generateCa({
    kind: "kubernetes",
    algorithm: "ECDSA-P256",
  });
  const cluster = (
    { cluster, ...config }: MachineConfig,
    change: MachineConfig["cluster"],
  ): MachineConfig => ({ ...config, cluster: { ...cluster, ...change } });
  return [
    {
      change: (config) => cluster(config, { token: "aaaaaa.0123456789abcdef" }),
      said: "does not know cluster.token of this node's config",
    },
    {
      change: (config) => cluster(config, { ca: { crt: other.crt } }),
      said: "is not of this node's cluster.ca",
    },
    {
      change: (config) =>
        cluster(config, {
          controlPlane: { endpoint: "https://127.0.0.1:6444" },
        }),
      said: "nobody answers at cluster.controlPlane.endpoint",
    },
    {
      change: ({ machine, ...config }) => ({
        ...config,
        machine: {
          ...machine,
          kubelet: {
            ...machine?.kubelet,
            image: "registry.k8s.io/kubelet:v0.0.0",
          },
        },
      }),
      said: "there is no such image or tag",
    },
  ];
}

async function applyConfig(kube: KubeCluster, path: string): Promise<void> {
  const node = kube.cluster.nodes[WORKER]!;
  const { code, stderr } = await kube.cluster.talosctl(
    ["-n", node, "apply-config", "-f", path],
  );
  assertEquals(code, 0, stderr);
}

/** As if the node had never joined. */
async function forgetCluster(kube: KubeCluster): Promise<void> {
  const root = `/proc/${await kube.cluster.initPid(WORKER)}/root`;
  await Deno.remove(`${root}/var/lib/kubelet/pki`, { recursive: true });
  await Deno.remove(`${root}/etc/kubernetes/kubeconfig-kubelet`);
}

/** Every reason by its words. */
export async function saysWhyNotJoined(kube: KubeCluster): Promise<void> {
  const { cluster } = kube;
  const right = cluster.configPath(WORKER);
  const { config } = decode(await Deno.readFile(right));
  const file = `${right}.wrong`;
  for (const { change, said } of await wrongs()) {
    await Deno.writeTextFile(file, encode(change(config)));
    await forgetCluster(kube);
    await applyConfig(kube, file);
    await eventually(async () => {
      const { stdout } = await cluster.talosctl(
        ["-n", cluster.nodes[WORKER]!, "service", "kubelet"],
      );
      if (stdout.includes(said)) return true;
      throw new Error(`not "${said}": ${stdout}`);
    }, { withinMs: SLOW_MS, pauseMs: 1_000 });
    await applyConfig(kube, right);
    await kube.untilReady(2, SLOW_MS);
  }
}
