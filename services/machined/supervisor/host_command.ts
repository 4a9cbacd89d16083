/**
 * The command line of a service host's process. Pure. The host itself may do
 * what its workers may do together, read the bundles and speak to machined:
 * Deno lets nobody give a worker more than that.
 */
import type { Manifest } from "#lib/worker/manifest.ts";
import { permissionFlags, unionPermissions } from "#lib/worker/permissions.ts";
import { BUNDLE_DIR, controlSocket, DENO } from "#lib/paths.ts";

/** The smallest heap that a worker with gRPC lives in comfortably. */
const HEAP_MIB_MIN = 48;

/** What a host itself needs: Deno, its libraries, its own isolate. */
export const HEADROOM_MIB = 96;

/** What can differ from a node: tests run hosts from elsewhere. */
export interface HostCommandOptions {
  readonly name: string;
  readonly manifests: readonly Manifest[];
  readonly deno?: string;
  readonly bundles?: string;
  readonly socket?: string;
}

/** Heap limit of each isolate; the limit of the whole is the cgroup's. */
export function heapMiB(manifests: readonly Manifest[]): number {
  return Math.max(HEAP_MIB_MIN, ...manifests.map((m) => m.memoryMiB));
}

/** Program and arguments. */
export function hostCommand(options: HostCommandOptions): string[] {
  const { name, manifests } = options;
  const bundles = options.bundles ?? BUNDLE_DIR;
  const socket = options.socket ?? controlSocket(name);
  const permissions = unionPermissions([
    ...manifests.map((manifest) => manifest.permissions),
    {
      read: [bundles, socket],
      write: [socket],
      net: [`unix:${socket}`],
    },
  ]);
  return [
    options.deno ?? DENO,
    "run",
    "--quiet",
    "--no-prompt",
    "--no-remote",
    "--no-npm",
    "--no-config",
    "--no-lock",
    "--cached-only",
    // 3 MB of memory for what a host needs once.
    "--no-code-cache",
    "--unstable-worker-options",
    "--v8-flags=--expose-gc,--optimize-for-size," +
    `--max-old-space-size=${heapMiB(manifests)}`,
    ...permissionFlags(permissions),
    `${bundles}/host.js`,
    name,
    socket,
  ];
}

/** The whole environment of a host: nothing of PID 1's own. */
export function hostEnv(
  { bundles = BUNDLE_DIR }: Pick<HostCommandOptions, "bundles">,
): Readonly<Record<string, string>> {
  return {
    DENO_DIR: `${bundles}/deno`,
    DENO_NO_UPDATE_CHECK: "1",
    HOME: "/tmp",
    // An arena for each thread costs 15 MB of memory a host (measured).
    MALLOC_ARENA_MAX: "1",
    NO_COLOR: "1",
    PATH: "/bin",
  };
}
