/** What is made for Kubernetes, as text that people review; who signed what. */
import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import {
  effective,
  generateConfig,
  generateSecrets,
  type MachineType,
} from "#lib/config/mod.ts";
import { generateKey, isSignedBy, readCertificate } from "#lib/pki/mod.ts";
import { exportKey } from "#lib/pki/mod.ts";
import { controlPlanePods } from "./control_plane.ts";
import { addressIn, type KubernetesInput, nodeAddress } from "./input.ts";
import { deriveKey, publicKeyOf } from "./keys.ts";
import {
  bootstrapKubeconfig,
  kubeletArgs,
  kubeletConfiguration,
} from "./kubelet.ts";
import {
  apiServerSubject,
  CERTIFICATE_LIFE_MS,
  controlPlaneSecrets,
} from "./secrets.ts";

const SNAPSHOT = new URL("./kubernetes.snapshot.txt", import.meta.url);
const NOW = Date.parse("2026-01-01T00:00:00Z");
const clock = { now: () => NOW };
const secrets = await generateSecrets({ clock, algorithm: "ECDSA-P256" });

function inputOf(
  type: MachineType,
  change: Partial<KubernetesInput> = {},
): KubernetesInput {
  const config = generateConfig(type, {
    clusterName: "test",
    endpoint: "https://10.5.0.1:6443",
    additionalSans: ["api.example.org"],
  }, secrets);
  return {
    config: effective(config),
    hostname: "test-1",
    addresses: ["10.5.0.2", "fd00::2"],
    mode: "container",
    ...change,
  };
}

Deno.test("addresses of a range", () => {
  assertEquals(addressIn("10.96.0.0/12", 10), "10.96.0.10");
  assertEquals(addressIn("10.96.0.250/12", 10), "10.96.1.4");
  assertEquals(addressIn("fc00:db8:20::/112", 10), "fc00:db8:20::a");
});

Deno.test("the address of a node is of the family of its pods", () => {
  const addresses = ["fd00::2", "10.5.0.2"];
  assertEquals(nodeAddress(inputOf("join", { addresses })), "10.5.0.2");
  assertEquals(
    nodeAddress(inputOf("join", { addresses: ["fd00::2"] })),
    "fd00::2",
  );
});

Deno.test("derived keys: the same for the same CA, apart by name", async () => {
  const ca = secrets.kubernetesCa.key;
  const other = await exportKey((await generateKey("ECDSA-P256")).privateKey);
  const key = deriveKey(ca, "service-account");
  assertEquals(deriveKey(ca, "service-account"), key);
  assert(deriveKey(ca, "aggregator-ca") !== key);
  assert(deriveKey(other, "service-account") !== key);
  assert(publicKeyOf(key).startsWith("-----BEGIN PUBLIC KEY-----\n"));
});

Deno.test("secrets: the PKI of Kubernetes, apart from the machine's", async () => {
  const input = inputOf("controlplane");
  const files = new Map(
    (await controlPlaneSecrets(input, clock)).map(({ path, text }) => [
      path.replace("/system/secrets/kubernetes/", ""),
      text,
    ]),
  );
  const at = (name: string) => files.get(name)!;
  const issued: [string, string][] = [
    ["kube-apiserver/apiserver.crt", secrets.kubernetesCa.crt],
    ["kube-apiserver/apiserver-kubelet-client.crt", secrets.kubernetesCa.crt],
    ["kube-apiserver/etcd-client.crt", secrets.etcdCa.crt],
    [
      "kube-apiserver/front-proxy-client.crt",
      at("kube-apiserver/aggregator-ca.crt"),
    ],
    ["kube-controller-manager/client.crt", secrets.kubernetesCa.crt],
    ["kube-scheduler/client.crt", secrets.kubernetesCa.crt],
  ];
  for (const [name, ca] of issued) {
    assert(isSignedBy(at(name), ca), name);
    assert(!isSignedBy(at(name), secrets.machineCa.crt), name);
    const { notAfter } = await readCertificate(at(name));
    assertEquals(notAfter, NOW + CERTIFICATE_LIFE_MS, name);
  }
  const server = await readCertificate(at("kube-apiserver/apiserver.crt"));
  const { names, addresses } = apiServerSubject(input);
  assertEquals([server.names, server.addresses], [names, addresses]);
  assertEquals(server.usages, ["server"]);
  const kubelet = await readCertificate(
    at("kube-apiserver/apiserver-kubelet-client.crt"),
  );
  assertEquals(kubelet.organizations, ["system:masters"]);
});

Deno.test("a worker's config makes no control plane", async () => {
  let said = "";
  await controlPlaneSecrets(inputOf("join"), clock)
    .catch((thrown) => said = String(thrown));
  assertEquals(said, "Error: cluster.ca has no certificate with its key");
});

/** Everything but what is secret or new each time. */
async function printed(): Promise<string> {
  const input = inputOf("controlplane");
  const files = await controlPlaneSecrets(input, clock);
  const settings = files.filter(({ path }) => /yaml$|config$/.test(path));
  const pods = controlPlanePods(input, files);
  const hidden = (text: string) =>
    text.replaceAll(/(secret|token|-data): \S+/g, "$1: ...")
      .replaceAll(/config-digest: \S+/g, "config-digest: ...");
  return [
    "# files",
    ...files.map(({ path }) => path),
    ...[...settings, ...pods].flatMap(({ path, text }) => [
      `# ${path}`,
      hidden(text),
    ]),
    "# kubelet",
    ...kubeletArgs(input),
    kubeletConfiguration(input),
    kubeletConfiguration(inputOf("join", { mode: "metal" })),
    hidden(bootstrapKubeconfig(input)),
  ].join("\n");
}

Deno.test("all of it, printed", async () => {
  const text = await printed();
  if (Deno.args.includes("-u")) await Deno.writeTextFile(SNAPSHOT, text);
  assertEquals(text, await Deno.readTextFile(SNAPSHOT), "-- -u, then review");
});

Deno.test("a pod changes with its settings, not with its certificates", async () => {
  const input = inputOf("controlplane");
  const podsOf = async (of: KubernetesInput) =>
    controlPlanePods(of, await controlPlaneSecrets(of, clock))
      .map(({ text }) => text);
  const before = await podsOf(input);
  assertEquals(await podsOf(input), before);
  const config = structuredClone(input.config) as {
    cluster: { aescbcEncryptionSecret?: string };
  } & KubernetesInput["config"];
  delete config.cluster.aescbcEncryptionSecret;
  const after = await podsOf({ ...input, config });
  assertEquals(after.map((text, at) => text === before[at]), [
    false,
    true,
    true,
  ]);
});

Deno.test("extraArgs win, and keep their values", () => {
  const input = inputOf("controlplane");
  const config = structuredClone(input.config) as {
    cluster: { scheduler: { extraArgs?: Record<string, string> } };
  } & KubernetesInput["config"];
  config.cluster.scheduler.extraArgs = { "leader-elect": "false", v: "4" };
  const [, , pod] = controlPlanePods({ ...input, config }, []);
  const { command } = parse(pod!.text).spec.containers[0];
  assert(command.includes("--leader-elect=false"));
  assert(!command.includes("--leader-elect=true"));
  assert(command.includes("--v=4"));
});
