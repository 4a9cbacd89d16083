/**
 * OCI runtime specifications for containers of pulled images that are part of
 * the node: etcd, the kubelet. They see of the node what they are given, which
 * may be all of it. Pure.
 */
import type { RuntimeSpec, SpecMount } from "./spec.ts";

/** Name spaces that a container may share with the node. */
export type SharedNamespace = "pid" | "network" | "ipc" | "uts" | "cgroup";

const NAMESPACES = ["pid", "network", "ipc", "uts", "cgroup"] as const;

/** What a container of an image is. */
export interface ImageSpecOptions {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** `CAP_...`, exactly these. */
  readonly capabilities: readonly string[];
  /** Those of the node; all others are its own. */
  readonly share: readonly SharedNamespace[];
  /** Besides, or instead of (same destination), {@linkcode BASE_MOUNTS}. */
  readonly mounts: readonly SpecMount[];
  /** All devices of the node; absent, none but null and its like. */
  readonly allDevices?: boolean;
  /** Below the node's own cgroup, for instance `/podruntime/kubelet`. */
  readonly cgroupsPath: string;
  /** `rshared` where mounts made inside are to be seen outside. */
  readonly propagation?: "rshared" | "rslave" | "rprivate";
  readonly readonlyRoot?: boolean;
  readonly noNewPrivileges?: boolean;
  readonly memoryLimitBytes?: number;
  /** Open files; runc fails where it is above the node's own limit. */
  readonly openFiles?: number;
  /** Not below the node's own where that cannot be lowered. */
  readonly oomScoreAdj?: number;
}

/** What every program expects of its root. */
export const BASE_MOUNTS: readonly SpecMount[] = [
  {
    destination: "/proc",
    type: "proc",
    source: "proc",
    options: ["nosuid", "noexec", "nodev"],
  },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=64k"],
  },
  {
    destination: "/sys",
    type: "sysfs",
    source: "sysfs",
    options: ["nosuid", "noexec", "nodev", "ro"],
  },
  {
    destination: "/tmp",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "nodev", "mode=1777"],
  },
];

/** A directory of the node at the same path, with what is mounted in it. */
export function nodeBind(
  path: string,
  ...options: readonly string[]
): SpecMount {
  return {
    destination: path,
    type: "bind",
    source: path,
    options: ["rbind", ...options],
  };
}

/** A parent comes before what is mounted in it. */
function allMounts(mounts: readonly SpecMount[]): SpecMount[] {
  const given = new Set(mounts.map(({ destination }) => destination));
  return [
    ...BASE_MOUNTS.filter(({ destination }) => !given.has(destination)),
    ...mounts,
  ].sort((a, b) =>
    a.destination === b.destination ? 0 : a.destination < b.destination ? -1 : 1
  );
}

/** The specification. */
export function imageSpec(options: ImageSpecOptions): RuntimeSpec {
  const { memoryLimitBytes, openFiles, oomScoreAdj } = options;
  const capabilities = [...new Set(options.capabilities)].sort();
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: options.args,
      env: Object.entries(options.env).map(([key, value]) => `${key}=${value}`),
      cwd: options.cwd ?? "/",
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
      },
      noNewPrivileges: options.noNewPrivileges ?? false,
      ...openFiles !== undefined && {
        rlimits: [{ type: "RLIMIT_NOFILE", hard: openFiles, soft: openFiles }],
      },
      ...oomScoreAdj !== undefined && { oomScoreAdj },
    },
    root: { path: "rootfs", readonly: options.readonlyRoot ?? false },
    mounts: allMounts(options.mounts),
    linux: {
      namespaces: [
        { type: "mount" },
        ...NAMESPACES.filter((type) => !options.share.includes(type)).map((
          type,
        ) => ({ type })),
      ],
      cgroupsPath: options.cgroupsPath,
      resources: {
        ...memoryLimitBytes !== undefined && {
          memory: { limit: memoryLimitBytes },
        },
        devices: [{ allow: options.allDevices ?? false, access: "rwm" }],
      },
      devices: [],
      maskedPaths: [],
      readonlyPaths: [],
      rootfsPropagation: options.propagation ?? "rprivate",
    },
  };
}
