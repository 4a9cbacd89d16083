/**
 * The OCI runtime specification of a node: a machine of its own in all but
 * the kernel. Pure: facts of the host come in as arguments.
 */
import { BUNDLE_DIR, DENO, DENO_DIR, IMAGE_DIR } from "#lib/paths.ts";
import {
  type Capability,
  effectiveCapabilities,
} from "#lib/sys/capabilities.ts";
import type { NodeRequest } from "./provision.ts";

/** What a node must not do to the machine that it runs on. */
const KEPT_FROM_NODES: readonly Capability[] = [
  "CAP_SYS_MODULE",
  "CAP_SYS_BOOT",
];

/**
 * Capabilities of a node: what the host's root has (`status` is
 * /proc/self/status), without those over the modules and the power of the
 * machine. (The clock stays: timed knows that it is not its own.)
 */
export function nodeCapabilities(status: string): Capability[] {
  return effectiveCapabilities(status)
    .filter((name) => !KEPT_FROM_NODES.includes(name));
}

/** MAX_ARG_STRLEN of Linux, less the name and the final zero. */
const VARIABLE_BYTES_MAX = 128 * 1024 - 64;

/** Where a config is found that is too long for a variable. */
export const CONFIG_IN_NODE = "/run/machine-config.yaml";

/**
 * The value of USERDATA: the config in base64, as the seed era's container
 * platform takes it; one that is too long is a `file:` path, which base64
 * cannot be.
 */
export function userdata(config: string): string {
  const encoded = btoa(
    Array.from(
      new TextEncoder().encode(config),
      (byte) => String.fromCharCode(byte),
    ).join(""),
  );
  return encoded.length <= VARIABLE_BYTES_MAX
    ? encoded
    : `file:${CONFIG_IN_NODE}`;
}

/** Facts that the specification needs. */
export interface SpecFacts {
  /** Directory with the files of the image. */
  readonly image: string;
  /** The mounted image. */
  readonly rootfs: string;
  /**
   * Directory of the host that becomes /var; absent where its file system
   * takes no overlays: then /var is in memory, as long as the node runs.
   */
  readonly var?: string;
  /** File with the machine config. */
  readonly config: string;
  /** `/<cluster>/<node>`, below the root of every hierarchy. */
  readonly cgroup: string;
  readonly capabilities: readonly string[];
}

const tmpfs = (destination: string, ...options: string[]) => ({
  destination,
  type: "tmpfs",
  source: "tmpfs",
  options: ["nosuid", "nodev", ...options],
});

const bind = (
  destination: string,
  source: string,
  ...options: string[]
) => ({ destination, type: "bind", source, options });

function mounts(facts: SpecFacts, configFile: boolean) {
  return [
    { destination: "/proc", type: "proc", source: "proc" },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=620"],
    },
    tmpfs("/dev/shm", "noexec", "mode=1777", "size=65536k"),
    {
      destination: "/dev/mqueue",
      type: "mqueue",
      source: "mqueue",
      options: ["nosuid", "noexec", "nodev"],
    },
    {
      destination: "/sys",
      type: "sysfs",
      source: "sysfs",
      options: ["nosuid", "noexec", "nodev", "rw"],
    },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: ["nosuid", "noexec", "nodev", "relatime", "rw"],
    },
    tmpfs("/run", "mode=755"),
    tmpfs("/tmp", "mode=1777"),
    // A writable copy of what the image has there.
    tmpfs(DENO_DIR, "mode=700", "size=4m", "tmpcopyup"),
    // The seed era's container kept these in volumes.
    tmpfs("/system", "mode=755"),
    // The files in it are mounts of their own, read-only by themselves.
    bind(IMAGE_DIR, facts.image, "rbind", "ro", "nosuid", "nodev", "noexec"),
    facts.var === undefined
      ? tmpfs("/var", "mode=755")
      : bind("/var", facts.var, "rbind", "rw", "nosuid", "nodev"),
    ...configFile ? [bind(CONFIG_IN_NODE, facts.config, "bind", "ro")] : [],
  ];
}

function limits(node: NodeRequest) {
  const periodUs = 100_000;
  return {
    devices: [{ allow: true, access: "rwm" }],
    memory: { limit: node.memoryMiB * 1024 * 1024 },
    cpu: { quota: Math.round(node.cpus * periodUs), period: periodUs },
  };
}

/** Arguments of PID 1. */
const INIT = [
  DENO,
  "run",
  "--quiet",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--no-code-cache",
  "--unstable-worker-options",
  "--v8-flags=--expose-gc,--optimize-for-size",
  "--allow-all",
  `${BUNDLE_DIR}/machined.js`,
];

/** config.json of the node's bundle. */
export function nodeSpec(node: NodeRequest, facts: SpecFacts) {
  const data = userdata(node.config);
  const capabilities = facts.capabilities;
  return {
    ociVersion: "1.2.0",
    hostname: node.name,
    root: { path: facts.rootfs, readonly: true },
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      cwd: "/",
      args: INIT,
      env: [
        "PATH=/bin:/usr/local/bin",
        "HOME=/",
        "TMPDIR=/tmp",
        `DENO_DIR=${DENO_DIR}`,
        "MALLOC_ARENA_MAX=1",
        "DENO_NO_UPDATE_CHECK=1",
        "NO_COLOR=1",
        "PLATFORM=container",
        `USERDATA=${data}`,
      ],
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
      },
    },
    mounts: mounts(facts, data.startsWith("file:")),
    linux: {
      cgroupsPath: facts.cgroup,
      namespaces: ["pid", "mount", "uts", "ipc", "network", "cgroup"].map(
        (type) => ({ type }),
      ),
      // Mounts of pods must reach the kubelet, and none may reach the host.
      rootfsPropagation: "private",
      devices: [{
        path: "/dev/kmsg",
        type: "c",
        major: 1,
        minor: 11,
        fileMode: 0o600,
        uid: 0,
        gid: 0,
      }],
      resources: limits(node),
      // These act on the machine, not on the node.
      maskedPaths: ["/proc/kcore", "/proc/sysrq-trigger", "/proc/timer_list"],
    },
  };
}
