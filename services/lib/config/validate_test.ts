/** Validation: exact texts, every mode, nothing thrown. */
import { assertEquals, assertThrows } from "@std/assert";
import { effective } from "./defaults.ts";
import { type Problem, problemText } from "./problem.ts";
import { CONTROL_PLANE, fullSample, WORKER_YAML } from "./sample_configs.ts";
import { encode } from "./save.ts";
import {
  MACHINE_CONFIG,
  type MachineConfig,
  type Mode,
} from "./v1alpha1/types.ts";
import { check, load, validate } from "./validate.ts";
import { ConfigError } from "./problem.ts";

const CP = CONTROL_PLANE as MachineConfig;

function texts(problems: readonly Problem[]): string[] {
  return problems.map(({ path, message }) => `${path}: ${message}`);
}

/** CP with `machine` and `cluster` changed. */
function changed(
  machine: NonNullable<MachineConfig["machine"]>,
  cluster: NonNullable<MachineConfig["cluster"]> = {},
): MachineConfig {
  return {
    ...CP,
    machine: { ...CP.machine, ...machine },
    cluster: { ...CP.cluster, ...cluster },
  };
}

type Links = NonNullable<
  NonNullable<NonNullable<MachineConfig["machine"]>["network"]>["interfaces"]
>;
const links = (...interfaces: Links) => changed({ network: { interfaces } });

const CASES: readonly (readonly [string, Mode, MachineConfig, ...string[]])[] =
  [
    ["the smallest control plane", "metal", CP],
    [
      "nothing at all",
      "cloud",
      {},
      "version: required: the schema of this file",
      "machine: required: the machine",
      "cluster: required: the cluster",
    ],
    ["metal without install", "metal", {
      ...CP,
      machine: { type: "join", token: "t" },
    }, "machine.install.disk: required on metal"],
    ["no install elsewhere", "container", {
      ...CP,
      machine: { type: "join", token: "t" },
    }],
    [
      "a control plane without CAs",
      "cloud",
      {
        version: "v1alpha1",
        machine: { type: "init" },
        cluster: { controlPlane: { endpoint: "https://a:6443" } },
      },
      "machine.ca.crt: required on the control plane",
      "machine.ca.key: required on the control plane",
      "cluster.ca.crt: required on the control plane",
      "cluster.ca.key: required on the control plane",
      "cluster.etcd.ca.crt: required on the control plane",
      "cluster.etcd.ca.key: required on the control plane",
      "machine.token: required: the secret for trustd",
      "cluster.token: required: the secret for the kubelet",
    ],
    [
      "no endpoint",
      "cloud",
      changed({}, { controlPlane: {} }),
      "cluster.controlPlane.endpoint: required: the URL of the Kubernetes API, the same for every machine",
    ],
    [
      "a broken endpoint",
      "cloud",
      changed({}, { controlPlane: { endpoint: "https://::1:6443" } }),
      'cluster.controlPlane.endpoint: expected an http or https URL with a host and a port from 1 to 65535, if any, got "https://::1:6443"',
    ],
    [
      "addresses of a link",
      "cloud",
      links(
        { interface: "eth0", dhcp: true, cidr: "10.0.0.1/33" },
        {
          interface: "eth0",
          routes: [{ network: "x", gateway: "10.0.0.256" }],
        },
        { ignore: true, interface: "eth1", cidr: "junk" },
        { dhcp: true },
      ),
      'machine.network.interfaces[0].cidr: expected an address with a prefix length, for instance 10.0.0.5/24, got "10.0.0.1/33"',
      'machine.network.interfaces[1].routes[0].network: expected an address with a prefix length, for instance 10.0.0.5/24, got "x"',
      'machine.network.interfaces[1].routes[0].gateway: expected an IP address, got "10.0.0.256"',
      "machine.network.interfaces[3].interface: required: the name of the link",
      "machine.network.interfaces[1].interface: this link is listed twice, first as machine.network.interfaces[0].interface",
      "machine.network.interfaces[0]: dhcp and cidr exclude each other",
    ],
    [
      "VLANs",
      "cloud",
      links({
        interface: "enp0s31f6abcd",
        vlans: [{ vlanId: 5 }, { vlanId: 5, dhcp: true, cidr: "10.0.0.2/8" }, {
          vlanId: 4000,
        }],
      }),
      "machine.network.interfaces[0].vlans[1].vlanId: VLAN 5 is listed twice",
      'machine.network.interfaces[0].vlans[2].vlanId: the link "enp0s31f6abcd.4000" would have more than 15 characters',
    ],
    [
      "bonds",
      "cloud",
      links(
        {
          interface: "bond0",
          bond: {
            interfaces: ["eth0", "bond0"],
            mode: "802.3ad",
            arpInterval: 5,
            miimon: 5,
            primary: "eth9",
          },
        },
        {
          interface: "bond1",
          bond: { interfaces: ["eth0"], lacpRate: "fast" },
        },
        { interface: "bond2", bond: { interfaces: [] } },
        { interface: "eth0", dhcp: true },
      ),
      "machine.network.interfaces[0].bond.interfaces[0]: eth0 has addresses of its own",
      "machine.network.interfaces[0].bond.interfaces[1]: a bond cannot contain itself",
      "machine.network.interfaces[0].bond.arpInterval: not for mode 802.3ad",
      "machine.network.interfaces[0].bond.arpInterval: arpInterval and miimon exclude each other",
      "machine.network.interfaces[0].bond.primary: only for active-backup, balance-tlb, balance-alb, not 802.3ad",
      "machine.network.interfaces[0].bond.primary: not one of the interfaces of the bond",
      "machine.network.interfaces[1].bond.interfaces[0]: eth0 belongs to bond0 already",
      "machine.network.interfaces[1].bond.interfaces[0]: eth0 has addresses of its own",
      "machine.network.interfaces[1].bond.lacpRate: only for mode 802.3ad, not balance-rr",
      "machine.network.interfaces[2].bond.interfaces: required: at least one link",
    ],
    [
      "disks",
      "cloud",
      changed({
        disks: [
          {
            device: "/dev/sdb",
            partitions: [{ size: 0, mountpoint: "/var/a" }, {
              mountpoint: "/var/a",
            }],
          },
          { device: "/dev/sdb" },
          { device: "sdc" },
        ],
      }),
      'machine.disks[2].device: expected an absolute path without "..", got "sdc"',
      "machine.disks[0].partitions[0].size: only the last partition may take the rest",
      "machine.disks[0].partitions[1].mountpoint: this mount point is used twice",
      "machine.disks[1].device: this disk is listed twice",
    ],
    [
      "files",
      "cloud",
      changed({
        files: [
          { path: "/etc/motd", op: "create" },
          { path: "/etc/hosts", op: "append" },
          { path: "/etc/kubernetes/manifests/a.yaml" },
          { path: "/var/../etc/x" },
          {},
        ],
      }),
      'machine.files[3].path: expected an absolute path without "..", got "/var/../etc/x"',
      "machine.files[4].path: required: where",
      "machine.files[0].path: create is for files below /var; use overwrite",
    ],
    [
      "flags of the node",
      "cloud",
      changed({ kubelet: { extraArgs: { "cert-dir": "/x", "--v": "2" } } }, {
        etcd: {
          ...CP.cluster?.etcd,
          extraArgs: { "listen-peer-urls": "", "peer-x": "", snapshots: "" },
        },
      }),
      'machine.kubelet.extraArgs["--v"]: expected the name of a flag without leading dashes, got "--v"',
      "machine.kubelet.extraArgs.cert-dir: the node sets this flag",
      "cluster.etcd.extraArgs.listen-peer-urls: the node sets this flag",
      "cluster.etcd.extraArgs.peer-x: the node sets this flag",
    ],
    [
      "the network of the cluster",
      "cloud",
      changed({}, {
        network: {
          dnsDomain: "",
          cni: { name: "weave" },
          podSubnets: ["10.244.0.0/16", "fd00::/8"],
          serviceSubnets: ["10.244.128.0/20", "fd12::/112", "10.96.0.0/12"],
        },
      }),
      "cluster.network.dnsDomain: expected a DNS name, got an empty string",
      'cluster.network.cni.name: expected flannel or custom, got "weave"',
      "cluster.network.serviceSubnets[0]: 10.244.128.0/20 overlaps with the pods in 10.244.0.0/16",
      "cluster.network.serviceSubnets[1]: fd12::/112 overlaps with the pods in fd00::/8",
    ],
    [
      "a node in the networks of pods and services",
      "cloud",
      {
        ...changed({
          network: {
            interfaces: [
              { interface: "eth0", cidr: "10.244.7.2/24" },
              {
                interface: "eth1",
                cidr: "192.0.2.5/24",
                vlans: [{ vlanId: 5, cidr: "10.0.0.9/8" }],
              },
              { interface: "eth2", cidr: "fd00::2/64" },
            ],
          },
        }, {
          controlPlane: { endpoint: "https://10.96.0.1:6443" },
          network: {
            podSubnets: ["10.244.0.0/16"],
            serviceSubnets: ["10.96.0.0/12"],
          },
        }),
      },
      "machine.network.interfaces[0].cidr: 10.244.7.2/24 overlaps with the pods in 10.244.0.0/16",
      "machine.network.interfaces[1].vlans[0].cidr: 10.0.0.9/8 overlaps with the pods in 10.244.0.0/16",
      "cluster.controlPlane.endpoint: 10.96.0.1 overlaps with the services in 10.96.0.0/12",
    ],
    [
      "custom without urls",
      "cloud",
      changed({}, { network: { cni: { name: "custom" } } }),
      "cluster.network.cni.urls: required for custom: at least one",
    ],
    ...["0s", "-1h", "1 day", "soon"].map((certLifetime) =>
      [
        `a kubeconfig for ${certLifetime}`,
        "cloud",
        changed({}, { adminKubeconfig: { certLifetime } }),
        `cluster.adminKubeconfig.certLifetime: expected a duration above zero, for instance 8760h, got ${
          certLifetime.includes(" ") ? "several words" : `"${certLifetime}"`
        }`,
      ] as const
    ),
    [
      "a kubeconfig that is over before it is used",
      "cloud",
      changed({}, { adminKubeconfig: { certLifetime: "59.9s" } }),
      'cluster.adminKubeconfig.certLifetime: expected at least 1m, got "59.9s"',
    ],
    [
      "a kubeconfig for a minute",
      "cloud",
      changed({}, { adminKubeconfig: { certLifetime: "1m" } }),
    ],
    [
      "a worker has no say about the CNI",
      "cloud",
      changed({ type: "join" }, { network: { cni: { name: "weave" } } }),
    ],
    [
      "tokens and keys, without what they hold",
      "cloud",
      changed({ token: " " }, {
        token: "hush",
        aescbcEncryptionSecret: "aHVzaA==",
      }),
      "machine.token: expected some text, got another value",
      "cluster.token: expected a token: 6 lower-case letters or digits, a dot, 16 more, got another value",
      "cluster.aescbcEncryptionSecret: expected 32 bytes in base64, got another value",
    ],
    [
      "names of all kinds",
      "cloud",
      changed({
        certSANs: ["*.a.b", "-x"],
        network: {
          hostname: "a_b",
          nameservers: ["dns.local"],
          extraHostEntries: [{ ip: "1.2.3" }],
        },
        env: { "A B": "x" },
        sysctls: { "../x": "1" },
        time: { servers: ["1.2.3.4.5"] },
        registries: { mirrors: { "a b": { endpoints: ["ftp://x"] } } },
      }),
      'machine.certSANs[1]: expected an IP address or a DNS name, got "-x"',
      'machine.network.hostname: expected a DNS name, got "a_b"',
      'machine.network.nameservers[0]: expected an IP address, got "dns.local"',
      'machine.network.extraHostEntries[0].ip: expected an IP address, got "1.2.3"',
      "machine.network.extraHostEntries[0].aliases: required: its names",
      'machine.env["A B"]: expected the name of an environment variable, got several words',
      'machine.time.servers[0]: expected an IP address or a DNS name, got "1.2.3.4.5"',
      'machine.sysctls["../x"]: expected the name of a kernel parameter, for instance net.ipv4.ip_forward, got "../x"',
      'machine.registries.mirrors["a b"]: expected the host of a registry with an optional port, or *, got several words',
      'machine.registries.mirrors["a b"].endpoints[0]: expected an http or https URL with a host and a port from 1 to 65535, if any, got "ftp://x"',
    ],
  ];

Deno.test("validate: word for word", async (t) => {
  for (const [name, mode, config, ...expected] of CASES) {
    await t.step(
      name,
      () => assertEquals(texts(validate(config, mode).problems), expected),
    );
  }
});

Deno.test("validate: the disk of the machine that runs the check", () => {
  const seen: string[] = [];
  const exists = (path: string) => {
    seen.push(path);
    return false;
  };
  assertEquals(texts(validate(CP, "metal", { exists }).problems), [
    'machine.install.disk: "/dev/sda" does not exist',
  ]);
  assertEquals(validate(CP, "cloud", { exists }).problems, []);
  assertEquals(seen, ["/dev/sda"]);
});

Deno.test("validate: warnings forbid nothing", () => {
  const { problems, warnings } = validate({
    version: "v1alpha1",
    machine: {
      token: "t",
      ca: { key: "-----BEGIN PRIVATE KEY-----\n" },
      disks: [{ device: "/dev/x", partitions: [{ mountpoint: "/opt/x" }] }],
    },
    cluster: {
      ...CP.cluster,
      adminKubeconfig: { certLifetime: "87601h" },
      podCheckpointer: { image: "a:1" },
    },
  }, "cloud");
  assertEquals(problems, []);
  assertEquals(texts(warnings), [
    "machine.type: absent, so the machine is a worker (join)",
    "machine.ca.key: a worker needs no key of a CA",
    "cluster.ca.key: a worker needs no key of a CA",
    "cluster.etcd.ca.key: a worker needs no key of a CA",
    "machine.ca.crt: absent, so the worker cannot tell whether trustd is genuine",
    "machine.disks[0].partitions[0].mountpoint: not below /var, where nothing is writable",
    "cluster.adminKubeconfig.certLifetime: a certificate lives no longer than its CA: 87600h",
    "cluster.podCheckpointer: not used: there is none",
  ]);
});

Deno.test("validate: nothing that decodes makes it throw", () => {
  const full = fullSample(MACHINE_CONFIG) as MachineConfig;
  // Every key of the whole set, and each path of it taken away.
  const visit = (value: unknown, rebuild: (part: unknown) => unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      const without = Array.isArray(value)
        ? value.filter((_, i) => String(i) !== key)
        : Object.fromEntries(Object.entries(value).filter(([k]) => k !== key));
      for (const mode of ["metal", "container"] as const) {
        validate(rebuild(without) as MachineConfig, mode);
      }
      const within = (changed: unknown) =>
        rebuild(
          Array.isArray(value)
            ? value.map((v, i) => String(i) === key ? changed : v)
            : { ...value, [key]: changed },
        );
      visit(part, within);
    }
  };
  visit(full, (whole) => whole);
});

Deno.test("check: problems of decoding and validation at once, in order", () => {
  const { problems } = check(
    WORKER_YAML.replace("type: join", "type: boss").replace(
      "https://10.5.0.2:6443",
      "10.5.0.2",
    ) + "  tokn: x\n",
    "metal",
  );
  assertEquals(problems.map((p) => problemText("c.yaml", p)), [
    "c.yaml:2:1: machine.install.disk: required on metal",
    'c.yaml:3:9: machine.type: expected one of init, controlplane, join, got "boss"',
    'c.yaml:7:18: cluster.controlPlane.endpoint: expected an http or https URL with a host and a port from 1 to 65535, if any, got "10.5.0.2"',
    'c.yaml:9:3: cluster: unknown key "tokn"; did you mean "token"?',
  ]);
});

Deno.test("check: what could not be decoded is not missing too", () => {
  const { problems } = check(
    WORKER_YAML.replace(/token: (.*)/, "token: [$1]"),
    "cloud",
  );
  assertEquals(problems.map(({ path, message }) => `${path}: ${message}`), [
    "machine.token: expected a string, got a list",
  ]);
});

Deno.test("load: a config, or one error with all problems", () => {
  const { config, warnings } = load(WORKER_YAML, "container");
  assertEquals(config.machine?.type, "join");
  assertEquals(warnings, []);
  const thrown = assertThrows(
    () => load("machine: {a: 1, b: 2}", "cloud", { file: "x.yaml" }),
    ConfigError,
    'x.yaml:1:11: machine: unknown key "a"',
  );
  assertEquals(thrown.problem.kind, "invalid");
});

Deno.test("effective: defaults of absent keys, nothing else changed", () => {
  const { machine, cluster, persist } = effective(
    load(WORKER_YAML, "cloud").config,
  );
  assertEquals(persist, false);
  assertEquals(machine.time, { disabled: false, servers: ["pool.ntp.org"] });
  assertEquals(machine.network.nameservers, ["1.1.1.1", "8.8.8.8"]);
  assertEquals(machine.install, undefined);
  assertEquals(cluster.controlPlane.localAPIServerPort, 6443);
  assertEquals(cluster.network, {
    cni: { name: "flannel" },
    dnsDomain: "cluster.local",
    podSubnets: ["10.244.0.0/16"],
    serviceSubnets: ["10.96.0.0/12"],
  });
  assertEquals(cluster.adminKubeconfig.certLifetime, "8760h");
  // Twice is once.
  const once = effective(CP);
  assertEquals(effective(once), once);
  assertEquals(load(encode(once), "metal").config, once);
});
