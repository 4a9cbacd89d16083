/**
 * OCI runtime specifications (opencontainers/runtime-spec 1.0), and those of
 * containers whose root is a read-only view of the node's own. Pure: the node is an
 * argument, and the same arguments give the same specification.
 */

/** The part of the runtime specification that we write. */
export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly process: {
    readonly terminal: false;
    readonly user: { readonly uid: number; readonly gid: number };
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly cwd: string;
    readonly capabilities: Readonly<Record<string, readonly string[]>>;
    readonly noNewPrivileges: boolean;
    readonly rlimits?: readonly {
      readonly type: string;
      readonly hard: number;
      readonly soft: number;
    }[];
    readonly oomScoreAdj?: number;
  };
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname?: string;
  readonly mounts: readonly SpecMount[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string }[];
    readonly cgroupsPath: string;
    readonly resources: SpecResources;
    readonly devices: readonly SpecDevice[];
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly rootfsPropagation: string;
  };
}

/** One mount, in the order of mounting. */
export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Limits and devices of the cgroup. */
export interface SpecResources {
  readonly memory?: { readonly limit: number };
  readonly pids?: { readonly limit: number };
  readonly devices: readonly {
    readonly allow: boolean;
    readonly type?: string;
    readonly major?: number;
    readonly minor?: number;
    readonly access: string;
  }[];
}

/** A device node that the container has. */
export interface SpecDevice {
  readonly path: string;
  readonly type: "c" | "b";
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What a service container is. */
export interface ServiceSpecOptions {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** `CAP_...`, exactly these. */
  readonly capabilities: readonly string[];
  /** Same path inside and outside. */
  readonly mounts: readonly {
    readonly path: string;
    readonly access: "ro" | "rw";
  }[];
  /** Device nodes, taken over from the node. */
  readonly devices?: readonly {
    readonly path: string;
    readonly type: "c" | "b";
    readonly major: number;
    readonly minor: number;
  }[];
  /** Directories of the root that it has a writable copy of, in memory. */
  readonly copies?: readonly {
    readonly path: string;
    readonly sizeBytes: number;
  }[];
  readonly memoryLimitBytes: number;
  readonly tmpSizeBytes: number;
  /** Of the node: absent, the container shares the node's uts namespace. */
  readonly hostname?: string;
  /** Below the node's own cgroup, for instance `/system/edge`. */
  readonly cgroupsPath: string;
}

/** Processes and threads; a host has about ten threads a worker. */
const PIDS_LIMIT = 512;
/** Directories whose contents are mounts on a node, so empty in our root. */
const SCAFFOLDS = ["/run", "/system", "/var"];

const PROC: SpecMount = {
  destination: "/proc",
  type: "proc",
  source: "proc",
  options: ["nosuid", "noexec", "nodev"],
};

/** runc adds null, zero, full, random, urandom, tty itself. */
const DEV: SpecMount = {
  destination: "/dev",
  type: "tmpfs",
  source: "tmpfs",
  options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"],
};

/** What of /proc tells or changes too much, as every runtime has it. */
const MASKED = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
];
const READ_ONLY = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sysrq-trigger",
];

function tmpfs(destination: string, sizeBytes: number, mode: string) {
  return {
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "nodev", "noexec", `mode=${mode}`, `size=${sizeBytes}`],
  };
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** All mounts, a parent always before what is mounted in it. */
function mountsOf(options: ServiceSpecOptions): SpecMount[] {
  // Twice the same path: the one that may write wins.
  const access = new Map<string, "ro" | "rw">();
  for (const mount of options.mounts) {
    if (access.get(mount.path) !== "rw") access.set(mount.path, mount.access);
  }
  const wanted = [...access].sort(([a], [b]) => a < b ? -1 : 1);
  const scaffolds = SCAFFOLDS
    .filter((directory) => !access.has(directory))
    .filter((directory) => wanted.some(([path]) => isBelow(path, directory)));
  return [
    PROC,
    DEV,
    tmpfs("/tmp", options.tmpSizeBytes, "1777"),
    // Our root is read-only: mount points need a place to be made in.
    ...scaffolds.map((directory) => tmpfs(directory, 64 * 1024, "755")),
    ...wanted.map(([path, may]) => ({
      destination: path,
      type: "bind",
      source: path,
      options: ["rbind", may, "nosuid", "nodev", "rprivate"],
    })),
    ...(options.copies ?? []).map(({ path, sizeBytes }) => {
      const mount = tmpfs(path, sizeBytes, "700");
      return { ...mount, options: [...mount.options, "tmpcopyup"] };
    }),
  ];
}

/** The specification of a service container with the network of the node. */
export function serviceSpec(options: ServiceSpecOptions): RuntimeSpec {
  const capabilities = [...new Set(options.capabilities)].sort();
  const devices = options.devices ?? [];
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: options.args,
      env: Object.entries(options.env).map(([key, value]) => `${key}=${value}`),
      cwd: "/",
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
      },
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    ...(options.hostname === undefined ? {} : { hostname: options.hostname }),
    mounts: mountsOf(options),
    linux: {
      namespaces: [
        { type: "pid" },
        { type: "mount" },
        { type: "ipc" },
        ...(options.hostname === undefined ? [] : [{ type: "uts" }]),
      ],
      cgroupsPath: options.cgroupsPath,
      resources: {
        memory: { limit: options.memoryLimitBytes },
        pids: { limit: PIDS_LIMIT },
        devices: [
          { allow: false, access: "rwm" },
          ...devices.map(({ type, major, minor }) => ({
            allow: true,
            type,
            major,
            minor,
            access: "rw",
          })),
        ],
      },
      devices: devices.map((device) => ({
        ...device,
        fileMode: 0o600,
        uid: 0,
        gid: 0,
      })),
      maskedPaths: MASKED,
      readonlyPaths: READ_ONLY,
      rootfsPropagation: "rprivate",
    },
  };
}
