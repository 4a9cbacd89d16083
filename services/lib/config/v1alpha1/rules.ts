/**
 * Rules between keys of a machine config (reference: section 3), and what the
 * seed era let through to fail later. Each rule reports and returns; it copes
 * with anything that is absent.
 */
import { rangesOverlap, urlHost } from "../../net/ip.ts";
import { parseDurationMs } from "../duration.ts";
import { show } from "../problem.ts";
import { childPath } from "../schema.ts";
import { INTERFACE_RULES } from "./interface_rules.ts";
import type { MachineConfig, Mode } from "./types.ts";

/** What a rule may use. */
export interface RuleContext {
  readonly mode: Mode;
  readonly exists?: (path: string) => boolean;
  readonly problem: (path: string, message: string) => void;
  readonly warning: (path: string, message: string) => void;
}

/** One check of the whole config. */
export type Rule = (config: MachineConfig, context: RuleContext) => void;

/** Flags that the node sets itself. */
const KUBELET_FLAGS = [
  "bootstrap-kubeconfig",
  "kubeconfig",
  "container-runtime",
  "container-runtime-endpoint",
  "config",
  "dynamic-config-dir",
  "cert-dir",
  "cni-conf-dir",
  "hostname-override",
];
const ETCD_FLAGS = [
  /^name$/,
  /^data-dir$/,
  /^listen-.*-urls$/,
  /^cert-file$/,
  /^key-file$/,
  /^trusted-ca-file$/,
  /^peer-/,
];

function isControlPlane({ machine }: MachineConfig): boolean {
  return machine?.type === "init" || machine?.type === "controlplane";
}

const machineType: Rule = ({ machine }, { warning }) => {
  if (machine !== undefined && machine.type === undefined) {
    warning("machine.type", "absent, so the machine is a worker (join)");
  }
};

/** The CAs that a control plane signs with, and what a worker lacks. */
const authorities: Rule = (config, { problem, warning }) => {
  const { machine, cluster } = config;
  const all = [
    ["machine.ca", machine?.ca],
    ["cluster.ca", cluster?.ca],
    ["cluster.etcd.ca", cluster?.etcd?.ca],
  ] as const;
  for (const [path, ca] of all) {
    if (!isControlPlane(config)) {
      if (ca?.key !== undefined) {
        warning(`${path}.key`, "a worker needs no key of a CA");
      }
      continue;
    }
    for (const part of ["crt", "key"] as const) {
      if (ca?.[part] === undefined) {
        problem(`${path}.${part}`, "required on the control plane");
      }
    }
  }
  if (machine === undefined || isControlPlane(config)) return;
  if (machine.ca?.crt === undefined) {
    warning(
      "machine.ca.crt",
      "absent, so the worker cannot tell whether trustd is genuine",
    );
  }
};

const tokens: Rule = ({ machine, cluster }, { problem }) => {
  if (machine && machine.token === undefined) {
    problem("machine.token", "required: the secret for trustd");
  }
  if (cluster && cluster.token === undefined) {
    problem("cluster.token", "required: the secret for the kubelet");
  }
};

const install: Rule = ({ machine }, { mode, exists, problem }) => {
  if (mode !== "metal" || machine === undefined) return;
  const disk = machine.install?.disk;
  if (disk === undefined || disk === "") {
    problem("machine.install.disk", "required on metal");
  } else if (exists && !exists(disk)) {
    problem("machine.install.disk", `${JSON.stringify(disk)} does not exist`);
  }
};

const cni: Rule = (config, { problem }) => {
  const cni = config.cluster?.network?.cni;
  if (cni === undefined || !isControlPlane(config)) return;
  const { name = "flannel", urls = [] } = cni;
  if (name !== "flannel" && name !== "custom") {
    problem(
      "cluster.network.cni.name",
      `expected flannel or custom, got ${show(name)}`,
    );
  }
  if (name === "custom" && urls.length === 0) {
    problem("cluster.network.cni.urls", "required for custom: at least one");
  }
};

const subnets: Rule = ({ cluster }, { problem }) => {
  const { podSubnets = [], serviceSubnets = [] } = cluster?.network ?? {};
  for (const [index, service] of serviceSubnets.entries()) {
    const pods = podSubnets.find((range) => rangesOverlap(range, service));
    if (pods !== undefined) {
      problem(
        childPath("cluster.network.serviceSubnets", index),
        `${service} overlaps with the pods in ${pods}`,
      );
    }
  }
};

/** A node whose own network is the pods' can reach one of the two only. */
const nodeAddresses: Rule = ({ machine, cluster }, { problem }) => {
  const { podSubnets = [], serviceSubnets = [] } = cluster?.network ?? {};
  const ranges = [
    ...podSubnets.map((range) => [range, "pods"] as const),
    ...serviceSubnets.map((range) => [range, "services"] as const),
  ];
  const check = (path: string, cidr: string, what: string) => {
    const hit = ranges.find(([range]) => rangesOverlap(range, cidr));
    if (hit) problem(path, `${what} overlaps with the ${hit[1]} in ${hit[0]}`);
  };
  for (const [i, link] of (machine?.network?.interfaces ?? []).entries()) {
    const path = childPath("machine.network.interfaces", i);
    const { cidr, vlans = [] } = link;
    if (cidr !== undefined) check(`${path}.cidr`, cidr, cidr);
    for (const [v, { cidr: tagged }] of vlans.entries()) {
      const at = childPath(`${path}.vlans`, v);
      if (tagged !== undefined) check(`${at}.cidr`, tagged, tagged);
    }
  }
  const host = urlHost(cluster?.controlPlane?.endpoint ?? "");
  if (host === "") return;
  check(
    "cluster.controlPlane.endpoint",
    `${host}/${host.includes(":") ? 128 : 32}`,
    host,
  );
};

const disks: Rule = ({ machine }, { problem, warning }) => {
  const devices = new Set<string>();
  const mountpoints = new Set<string>();
  for (const [d, disk] of (machine?.disks ?? []).entries()) {
    const path = childPath("machine.disks", d);
    if (disk.device !== undefined) {
      if (devices.has(disk.device)) {
        problem(`${path}.device`, "this disk is listed twice");
      }
      devices.add(disk.device);
    }
    const partitions = disk.partitions ?? [];
    for (const [p, { size = 0, mountpoint }] of partitions.entries()) {
      const at = childPath(`${path}.partitions`, p);
      if (size === 0 && p < partitions.length - 1) {
        problem(`${at}.size`, "only the last partition may take the rest");
      }
      if (mountpoint === undefined) continue;
      if (mountpoints.has(mountpoint)) {
        problem(`${at}.mountpoint`, "this mount point is used twice");
      }
      mountpoints.add(mountpoint);
      if (!mountpoint.startsWith("/var/")) {
        warning(
          `${at}.mountpoint`,
          "not below /var, where nothing is writable",
        );
      }
    }
  }
};

const files: Rule = ({ machine }, { problem }) => {
  for (const [index, file] of (machine?.files ?? []).entries()) {
    const { path = "", op = "create" } = file;
    const writable = /^\/(var|etc\/kubernetes\/manifests)\//.test(path);
    if (op === "create" && path !== "" && !writable) {
      problem(
        `${childPath("machine.files", index)}.path`,
        "create is for files below /var; use overwrite",
      );
    }
  }
};

const extraArgs: Rule = ({ machine, cluster }, { problem }) => {
  const own = (
    path: string,
    args: object | undefined,
    is: (f: string) => boolean,
  ) => {
    for (const flag of Object.keys(args ?? {})) {
      if (is(flag)) problem(childPath(path, flag), "the node sets this flag");
    }
  };
  own(
    "machine.kubelet.extraArgs",
    machine?.kubelet?.extraArgs,
    (flag) => KUBELET_FLAGS.includes(flag),
  );
  own(
    "cluster.etcd.extraArgs",
    cluster?.etcd?.extraArgs,
    (flag) => ETCD_FLAGS.some((own) => own.test(flag)),
  );
};

/** Clocks differ by seconds, and a CA lives ten years. */
const LIFETIME_MS = { min: 60_000, max: 87_600 * 3_600_000 };

const adminKubeconfig: Rule = ({ cluster }, { problem, warning }) => {
  const { certLifetime = "" } = cluster?.adminKubeconfig ?? {};
  const lifetimeMs = parseDurationMs(certLifetime) ?? 0;
  const path = "cluster.adminKubeconfig.certLifetime";
  // What is no duration above zero has been told.
  if (lifetimeMs > 0 && lifetimeMs < LIFETIME_MS.min) {
    problem(path, `expected at least 1m, got ${show(certLifetime)}`);
  } else if (lifetimeMs > LIFETIME_MS.max) {
    warning(path, "a certificate lives no longer than its CA: 87600h");
  }
};

const ignored: Rule = ({ cluster }, { warning }) => {
  if (cluster?.podCheckpointer !== undefined) {
    warning("cluster.podCheckpointer", "not used: there is none");
  }
};

/** All rules, in the order of the keys that they are about. */
export const RULES: readonly Rule[] = [
  machineType,
  authorities,
  tokens,
  ...INTERFACE_RULES,
  disks,
  install,
  files,
  extraArgs,
  cni,
  subnets,
  nodeAddresses,
  adminKubeconfig,
  ignored,
];
