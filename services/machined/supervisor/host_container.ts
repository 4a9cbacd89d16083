/**
 * The container of a service host, from the manifests of its workers: a
 * read-only view of the node's root, exactly their mounts, capabilities and
 * memory. Pure, but for {@linkcode makeMountSources}.
 */
import { HEADROOM_MIB } from "./host_command.ts";
import type { RootMount } from "#lib/containerd/client.ts";
import {
  type RuntimeSpec,
  serviceSpec,
  type ServiceSpecOptions,
} from "#lib/containerd/spec.ts";
import { controlSocket } from "#lib/paths.ts";
import type { HostMount, Manifest } from "#lib/worker/manifest.ts";
import { dirname } from "@std/path";
import {
  hostCommand,
  type HostCommandOptions,
  hostEnv,
} from "./host_command.ts";

/** Whatever is written, in memory. */
const TMP_BYTES = 4 << 20;
/** The analysis of all bundles, and Deno's notes. */
const DENO_DIR_BYTES = 4 << 20;

/** The node's own root without what is mounted in it. */
export const NODE_ROOT: readonly RootMount[] = [
  { type: "bind", source: "/", options: ["bind", "ro"] },
];

/** A host as data. */
export interface HostContainerOptions extends HostCommandOptions {
  readonly hostname: string;
  /** Below the node's own cgroup. */
  readonly cgroupsPath?: string;
  /** Besides those of the manifests. */
  readonly mounts?: readonly HostMount[];
  readonly devices?: ServiceSpecOptions["devices"];
}

/** The memory limit of a host: its workers' shares and Deno itself. */
export function memoryLimitBytes(manifests: readonly Manifest[]): number {
  const shares = manifests.map(({ memoryMiB }) => memoryMiB);
  return shares.reduce((a, b) => a + b, HEADROOM_MIB) * (1 << 20);
}

/** Whether a worker of the host sets the node's name: networkd does. */
function namesTheNode(manifests: readonly Manifest[]): boolean {
  return manifests.some((manifest) =>
    manifest.capabilities.includes("CAP_SYS_ADMIN")
  );
}

/** All mounts of a host: its workers', and its control socket's directory. */
function hostMounts(options: HostContainerOptions): HostMount[] {
  const { name, manifests, mounts = [] } = options;
  const socket = options.socket ?? controlSocket(name);
  const all: HostMount[] = [
    ...manifests.flatMap((manifest) => manifest.mounts),
    ...mounts,
    { path: dirname(socket), access: "ro" },
  ];
  return all.filter(({ path }) => !isDevice(path, options));
}

function isDevice(path: string, { devices = [] }: HostContainerOptions) {
  return devices.some((device) => device.path === path);
}

/** The runtime specification of a host. */
export function hostSpec(options: HostContainerOptions): RuntimeSpec {
  const { name, manifests, hostname, devices } = options;
  const env = hostEnv(options);
  return serviceSpec({
    args: hostCommand(options),
    env,
    capabilities: manifests.flatMap((manifest) => manifest.capabilities),
    mounts: hostMounts(options),
    copies: [{ path: env.DENO_DIR!, sizeBytes: DENO_DIR_BYTES }],
    memoryLimitBytes: memoryLimitBytes(manifests),
    tmpSizeBytes: TMP_BYTES,
    cgroupsPath: options.cgroupsPath ?? `/system/${name}`,
    ...(namesTheNode(manifests) ? {} : { hostname }),
    ...(devices ? { devices } : {}),
  });
}

/**
 * Makes the directories that are mounted and not there, below /system: what
 * runc cannot bind ends the start of the whole host.
 */
export async function makeMountSources(
  manifests: readonly Manifest[],
): Promise<void> {
  for (const { path } of manifests.flatMap((manifest) => manifest.mounts)) {
    if (!path.startsWith("/system/")) continue;
    await Deno.mkdir(path, { recursive: true, mode: 0o750 }).catch((thrown) => {
      if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
    });
  }
}
