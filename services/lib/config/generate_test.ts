/** Generated configs: what is in them, what is not, and what a file looks like. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { create } from "@bufbuild/protobuf";
import {
  GenerateConfigurationRequestSchema,
  MachineConfig_MachineType as WireType,
  MachineConfigSchema as WireMachineConfigSchema,
} from "#proto/machine_pb.ts";
import { readCertificate } from "../pki/certificate.ts";
import {
  endpointProblem,
  generateConfig,
  GenerateError,
  generateFiles,
  type GenerateInput,
  parseRegistryMirrors,
} from "./generate.ts";
import { answerGenerate, inputOf } from "./generate_request.ts";
import { CRT, KEY } from "./sample_configs.ts";
import { encode } from "./save.ts";
import {
  generateSecrets,
  randomToken,
  type Secrets,
  SecretsError,
  secretsOf,
} from "./secrets.ts";
import { credentialsOf, decodeTalosconfig } from "./talosconfig.ts";
import { check, load } from "./validate.ts";

const pair = { crt: CRT, key: KEY };
const SECRETS: Secrets = {
  machineCa: pair,
  kubernetesCa: pair,
  etcdCa: pair,
  admin: pair,
  machineToken: "aaaaaa.aaaaaaaaaaaaaaaa",
  clusterToken: "bbbbbb.bbbbbbbbbbbbbbbb",
  aescbcEncryptionSecret: btoa("k".repeat(32)),
};
const INPUT: GenerateInput = {
  clusterName: "home",
  endpoint: "https://10.5.0.2:6443",
};

Deno.test("generate: every type validates in every mode, without a warning", () => {
  for (const type of ["init", "controlplane", "join"] as const) {
    for (const comments of [true, false]) {
      const config = generateConfig(type, INPUT, SECRETS);
      const text = encode(config, { comments });
      for (const mode of ["metal", "container", "cloud"] as const) {
        const found = check(text, mode);
        assertEquals([...found.problems, ...found.warnings], [], text);
        assertEquals(found.config, config);
      }
    }
  }
});

Deno.test("generate: init and controlplane differ only in their type", () => {
  const init = generateConfig("init", INPUT, SECRETS);
  const plane = generateConfig("controlplane", INPUT, SECRETS);
  assertEquals(
    { ...init, machine: { ...init.machine, type: "controlplane" } },
    plane,
  );
});

Deno.test("generate: a worker gets no key and nothing of etcd", () => {
  const { machine, cluster } = generateConfig("join", INPUT, SECRETS);
  assertEquals(machine?.ca, { crt: CRT });
  assertEquals(cluster?.ca, { crt: CRT });
  assertEquals(Object.keys(cluster ?? {}), [
    "controlPlane",
    "clusterName",
    "network",
    "token",
    "ca",
  ]);
  const text = encode({ machine, cluster } as Parameters<typeof encode>[0]);
  assert(!text.includes(btoa(KEY)), "a key got into a worker's config");
  assert(!text.includes(SECRETS.aescbcEncryptionSecret));
});

Deno.test("generate: what the flags say is where it belongs", () => {
  const { persist, machine, cluster } = generateConfig("controlplane", {
    ...INPUT,
    kubernetesVersion: "1.36.1",
    installDisk: "/dev/vda",
    installImage: "example.com/installer:1",
    additionalSans: ["10.0.0.9", "api.local"],
    registryMirrors: parseRegistryMirrors([
      "docker.io=https://a.local",
      "docker.io=http://10.5.0.1:5000",
      "*=http://10.5.0.1:5001",
    ]),
    dnsDomain: "home.arpa",
    persist: false,
    ipv6: true,
    allowSchedulingOnMasters: true,
    cni: { name: "custom", urls: ["https://cni.local/a.yaml"] },
    network: { hostname: "cp-1" },
  }, SECRETS);
  assertEquals(persist, false);
  assertEquals(machine?.kubelet?.image, "ghcr.io/siderolabs/kubelet:v1.36.1");
  assertEquals(machine?.install, {
    disk: "/dev/vda",
    image: "example.com/installer:1",
    bootloader: true,
    wipe: false,
  });
  assertEquals(machine?.certSANs, ["10.0.0.9", "api.local"]);
  assertEquals(machine?.network, { hostname: "cp-1" });
  assertEquals(machine?.registries?.mirrors, {
    "docker.io": { endpoints: ["https://a.local", "http://10.5.0.1:5000"] },
    "*": { endpoints: ["http://10.5.0.1:5001"] },
  });
  assertEquals(cluster?.apiServer, {
    image: "registry.k8s.io/kube-apiserver:v1.36.1",
    certSANs: ["10.0.0.9", "api.local"],
  });
  assertEquals(cluster?.etcd?.image, "registry.k8s.io/etcd:3.7.3-0");
  assertEquals(cluster?.network, {
    cni: { name: "custom", urls: ["https://cni.local/a.yaml"] },
    dnsDomain: "home.arpa",
    podSubnets: ["fc00:db8:10::/56"],
    serviceSubnets: ["fc00:db8:20::/112"],
  });
  assertEquals(cluster?.allowSchedulingOnMasters, true);
});

Deno.test("generate: inputs that give no config, word for word", async (t) => {
  const cases: [Partial<GenerateInput>, string][] = [
    [
      { endpoint: "10.5.0.2" },
      'Cannot use the cluster endpoint: "10.5.0.2" is not an https URL; try: "https://10.5.0.2:6443"',
    ],
    [
      { endpoint: "http://h:443/x" },
      'Cannot use the cluster endpoint: "http://h:443/x" is not an https URL; try: "https://h:443"',
    ],
    [
      { endpoint: "fd00::1" },
      'Cannot use the cluster endpoint: "fd00::1" is not an https URL; try: "https://[fd00::1]:6443"',
    ],
    [
      { endpoint: "" },
      'Cannot use the cluster endpoint: "" is not an https URL',
    ],
    [
      { endpoint: "https://h:0" },
      'Cannot use the cluster endpoint: "https://h:0" is not an https URL',
    ],
    [{ clusterName: " " }, "Cannot use the cluster name: it is empty"],
    [
      { kubernetesVersion: "latest" },
      'Cannot use the Kubernetes version "latest": expected "v1.37.2" or another of that form',
    ],
    [{ dnsDomain: "a b" }, 'Cannot use the DNS domain "a b": no DNS name'],
  ];
  for (const [part, message] of cases) {
    await t.step(message, () => {
      const thrown = assertThrows(
        () => generateConfig("init", { ...INPUT, ...part }, SECRETS),
        GenerateError,
      );
      assertEquals(thrown.message, message);
    });
  }
  assertEquals(endpointProblem("https://h"), undefined);
  assertThrows(
    () => parseRegistryMirrors(["docker.io"]),
    GenerateError,
    'Cannot read registry mirror "docker.io": expected HOST=URL',
  );
});

Deno.test("generate: the files, word for word", async () => {
  const files = generateFiles(INPUT, SECRETS);
  assertEquals(files.map(({ name, mode }) => [name, mode]), [
    ["init.yaml", 0o644],
    ["controlplane.yaml", 0o644],
    ["join.yaml", 0o644],
    ["talosconfig", 0o600],
  ]);
  const path = new URL("./generated.snapshot.txt", import.meta.url);
  const text = files.slice(1)
    .map(({ name, text }) => `===== ${name}\n${text}`).join("\n");
  if (Deno.env.get("UPDATE_SNAPSHOTS")) {
    await Deno.writeTextFile(path, text);
  }
  assertEquals(text, await Deno.readTextFile(path));
});

Deno.test("secrets: real ones, of one cluster", async () => {
  const now = Date.UTC(2020, 0, 2);
  const clock = { now: () => now };
  const secrets = await generateSecrets({ clock, algorithm: "ECDSA-P256" });
  const [machineCa, kubernetesCa, etcdCa, admin] = await Promise.all([
    secrets.machineCa.crt,
    secrets.kubernetesCa.crt,
    secrets.etcdCa.crt,
    secrets.admin.crt,
  ].map(readCertificate));
  assertEquals(machineCa?.organizations, ["talos"]);
  assertEquals(kubernetesCa?.organizations, ["kubernetes"]);
  assertEquals(etcdCa?.organizations, ["etcd"]);
  assertEquals(machineCa?.notBefore, now);
  assertEquals(admin?.organizations, [""]);
  assertEquals(admin?.addresses, ["127.0.0.1"]);
  for (const token of [secrets.machineToken, secrets.clusterToken]) {
    assert(/^[0-9a-z]{6}\.[0-9a-z]{16}$/.test(token), token);
  }
  assertEquals(atob(secrets.aescbcEncryptionSecret).length, 32);
  const config = generateConfig("init", INPUT, secrets);
  const again = await secretsOf(load(encode(config), "metal").config);
  assertEquals({ ...again, admin: secrets.admin }, secrets);
  const worker = generateConfig("join", INPUT, secrets);
  const thrown = await assertRejects(() => secretsOf(worker), SecretsError);
  assertEquals(
    thrown.message,
    "Cannot take the secrets of the cluster from this config: no machine.ca, cluster.ca, cluster.etcd.ca",
  );
});

Deno.test("secrets: tokens use the whole alphabet and never repeat", () => {
  const tokens = Array.from({ length: 500 }, randomToken);
  assertEquals(new Set(tokens).size, tokens.length);
  assertEquals(new Set(tokens.join("")).size, 37);
});

const REQUEST = create(GenerateConfigurationRequestSchema, {
  configVersion: "v1alpha1",
  clusterConfig: {
    name: "home",
    controlPlane: { endpoint: "https://10.5.0.2:6443" },
    clusterNetwork: {
      dnsDomain: "home.arpa",
      cniConfig: { name: "custom", urls: ["https://cni.local/a.yaml"] },
    },
    allowSchedulingOnMasters: true,
  },
  machineConfig: {
    type: WireType.TYPE_CONTROL_PLANE,
    installConfig: { installDisk: "/dev/vda", installImage: "e.com/i:1" },
    networkConfig: {
      hostname: "cp-1",
      interfaces: [
        {
          interface: "eth0",
          cidr: "10.5.0.2/24",
          mtu: 1400,
          routes: [{ network: "0.0.0.0/0", gateway: "10.5.0.1", metric: 5 }, {
            network: "10.6.0.0/24",
          }],
        },
        { interface: "eth1", dhcp: true, dhcpOptions: { routeMetric: 7 } },
        { interface: "eth2", ignore: true },
      ],
    },
    kubernetesVersion: "1.36.1",
  },
  overrideTime: { seconds: 1_577_836_800n, nanos: 0 },
});

Deno.test("GenerateConfiguration: every field of a request", () => {
  assertEquals(inputOf(REQUEST), {
    type: "controlplane",
    input: {
      clusterName: "home",
      endpoint: "https://10.5.0.2:6443",
      kubernetesVersion: "1.36.1",
      installDisk: "/dev/vda",
      installImage: "e.com/i:1",
      dnsDomain: "home.arpa",
      network: {
        hostname: "cp-1",
        interfaces: [
          {
            interface: "eth0",
            cidr: "10.5.0.2/24",
            routes: [
              { network: "0.0.0.0/0", gateway: "10.5.0.1", metric: 5 },
              { network: "10.6.0.0/24" },
            ],
            mtu: 1400,
          },
          { interface: "eth1", dhcp: true, dhcpOptions: { routeMetric: 7 } },
          { interface: "eth2", ignore: true },
        ],
      },
      allowSchedulingOnMasters: true,
      cni: { name: "custom", urls: ["https://cni.local/a.yaml"] },
    },
  });
});

Deno.test("GenerateConfiguration: a new cluster, then its second node", async () => {
  const text = (bytes?: Uint8Array) => new TextDecoder().decode(bytes);
  const first = await answerGenerate(REQUEST, { algorithm: "ECDSA-P256" });
  assertEquals(first.data?.length, 1);
  const { config } = load(text(first.data?.[0]), "metal");
  const { notBefore } = await readCertificate(config.machine?.ca?.crt ?? "");
  assertEquals(notBefore, 1_577_836_800_000);
  const talosconfig = decodeTalosconfig(text(first.talosconfig));
  assertEquals(talosconfig.context, "home");
  assertEquals(
    credentialsOf(talosconfig.contexts["home"]!).ca,
    config.machine?.ca?.crt,
  );

  const join = create(GenerateConfigurationRequestSchema, {
    ...REQUEST,
    machineConfig: create(WireMachineConfigSchema, {
      type: WireType.TYPE_JOIN,
    }),
  });
  const second = await answerGenerate(join, { config });
  const worker = load(text(second.data?.[0]), "metal").config;
  assertEquals(worker.machine?.token, config.machine?.token);
  assertEquals(worker.machine?.ca, { crt: config.machine?.ca?.crt } as never);
});

Deno.test("GenerateConfiguration: requests that are refused", async () => {
  const refused = [
    [
      { configVersion: "v2" },
      'Cannot generate a config of version "v2": only v1alpha1',
    ],
    [{ machineConfig: undefined }, "Cannot generate a config: no machine type"],
    [
      { clusterConfig: undefined },
      'Cannot use the cluster endpoint: "" is not an https URL',
    ],
  ] as const;
  for (const [part, message] of refused) {
    const request = { ...REQUEST, ...part } as typeof REQUEST;
    await assertRejects(
      () => answerGenerate(request, { algorithm: "ECDSA-P256" }),
      GenerateError,
      message,
    );
  }
});
