/**
 * The kubelet: a container of its image with the node's own network, processes
 * and mounts. What it reads is written before each run, from the config.
 */
import {
  imageSpec,
  type ImageSpecOptions,
  nodeBind,
} from "#lib/containerd/image_spec.ts";
import type { SpecMount } from "#lib/containerd/spec.ts";
import { ETC_DIR } from "#lib/paths.ts";
import { dirname } from "@std/path";
import type { Files } from "../files.ts";
import { type HostFacts, readHostFacts } from "../host_facts.ts";
import { KUBERNETES_PATHS, type KubernetesInput } from "../kubernetes/input.ts";
import {
  bootstrapKubeconfig,
  kubeletArgs,
  kubeletConfiguration,
} from "../kubernetes/kubelet.ts";
import { controlPlanePaths } from "../kubernetes/static_pod.ts";
import {
  type KubeletCertificateOptions,
  provideKubeletCertificate,
} from "../kubernetes/kubelet_certificate.ts";
import type { ServiceSpec } from "../supervisor/service.ts";
import { type PulledNode, pulledSpec } from "./pulled.ts";

/** What {@linkcode kubeletSpec} works with. */
export interface KubeletOptions {
  /** What is wanted now. */
  readonly input: () => KubernetesInput;
  readonly files: Files;
  /** Rejects when it is not well. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  readonly connect: KubeletCertificateOptions["connect"];
}

const HEALTH = { initialDelayMs: 2_000, everyMs: 5_000, timeoutMs: 3_000 };
const KUBELET_DIR = "/var/lib/kubelet";

/** Directories that it needs; their modes are those of the seed era. */
const DIRECTORIES: readonly (readonly [string, number])[] = [
  [KUBERNETES_PATHS.manifests, 0o700],
  [dirname(KUBERNETES_PATHS.ca), 0o700],
  [KUBELET_DIR, 0o700],
  ["/var/lib/containerd", 0o700],
  ["/var/log/containers", 0o755],
  ["/var/log/pods", 0o755],
  ["/run/flannel", 0o755],
];

const READ_WRITE = ["rw", "rshared"] as const;

/** What it sees of the node; mounts that it makes are the node's too. */
const MOUNTS: readonly SpecMount[] = [
  nodeBind("/dev", ...READ_WRITE),
  nodeBind("/sys", ...READ_WRITE),
  nodeBind("/run", ...READ_WRITE),
  nodeBind("/var/lib/containerd", ...READ_WRITE),
  nodeBind(KUBELET_DIR, ...READ_WRITE),
  nodeBind("/var/log", ...READ_WRITE),
  nodeBind("/etc/kubernetes", ...READ_WRITE),
  nodeBind("/etc/cni", ...READ_WRITE),
  nodeBind("/usr/libexec/kubernetes", ...READ_WRITE),
  nodeBind("/etc/os-release", "ro"),
  nodeBind("/etc/machine-id", "ro"),
  // The directory: networkd replaces the files in it.
  nodeBind(ETC_DIR, "ro", "rslave"),
  {
    destination: "/etc/resolv.conf",
    type: "bind",
    source: `${ETC_DIR}/resolv.conf`,
    options: ["bind", "ro"],
  },
  {
    destination: "/etc/hosts",
    type: "bind",
    source: `${ETC_DIR}/hosts`,
    options: ["bind", "ro"],
  },
];

function extraMounts({ config }: KubernetesInput): SpecMount[] {
  return (config.machine.kubelet.extraMounts ?? []).map((mount) => ({
    destination: mount.destination,
    type: mount.type ?? "bind",
    source: mount.source ?? mount.destination,
    options: mount.options ?? ["rbind", "rshared", "rw"],
  }));
}

/** The container, as options of its specification. */
export function kubeletContainer(
  input: KubernetesInput,
  { capabilities, oomScoreAdjMin }: HostFacts,
): ImageSpecOptions {
  return {
    args: kubeletArgs(input),
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ...input.config.machine.env,
    },
    capabilities,
    share: ["pid", "network", "ipc", "uts", "cgroup"],
    mounts: [...MOUNTS, ...extraMounts(input)],
    allDevices: true,
    cgroupsPath: "/podruntime/kubelet",
    propagation: "rshared",
    oomScoreAdj: Math.max(-500, oomScoreAdjMin),
  };
}

/** Writes what it reads. */
async function prepare({ input, files }: KubeletOptions): Promise<void> {
  const now = input();
  const encode = (text: string) => new TextEncoder().encode(text);
  for (const [path, mode] of DIRECTORIES) await files.mkdir(path, mode);
  const { ca } = now.config.cluster;
  const wanted: readonly (readonly [string, string, number])[] = [
    [KUBERNETES_PATHS.ca, ca?.crt ?? "", 0o400],
    [KUBERNETES_PATHS.kubeletConfig, kubeletConfiguration(now), 0o600],
    [KUBERNETES_PATHS.bootstrapKubeconfig, bootstrapKubeconfig(now), 0o600],
  ];
  for (const [path, text, mode] of wanted) {
    await files.replace(path, encode(text), mode);
  }
  // Left by an earlier start of the node: their secrets were in memory. They
  // come back once etcd is up.
  const first = controlPlanePaths.secrets;
  if (await files.read(first) !== undefined) return;
  for (const path of controlPlanePaths.pods) await files.remove(path);
}

/** It as a service. */
export function kubeletSpec(
  options: KubeletOptions,
  node: PulledNode,
): ServiceSpec {
  const { input, files, connect, probe } = options;
  let facts: HostFacts | undefined;
  return pulledSpec({
    id: "kubelet",
    needs: ["cri", "networkd"],
    image: () => input().config.machine.kubelet.image,
    prepare: async (signal, tell) => {
      facts = await readHostFacts(files);
      await prepare(options);
      const { clock } = node;
      await provideKubeletCertificate(
        { input, files, connect, clock },
        { signal, tell },
      );
      return "run";
    },
    spec: () => imageSpec(kubeletContainer(input(), facts!)),
    health: { policy: HEALTH, check: probe },
  }, node);
}
