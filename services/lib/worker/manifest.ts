/**
 * What a daemon is, as data. A folder under services/ is a daemon exactly when
 * it has a manifest. machined spawns by it, `Deno.test` and the permission
 * sets of deno.json repeat it, and tests/tidy keeps the three equal.
 */

/**
 * Deno permissions of one worker. What is absent is refused; a list names the
 * paths, addresses, variables or interfaces that are allowed.
 */
export interface Permissions {
  readonly read?: true | readonly string[];
  readonly write?: true | readonly string[];
  /** `host:port`, and `unix:/path` for sockets. */
  readonly net?: true | readonly string[];
  readonly env?: true | readonly string[];
  readonly run?: true | readonly string[];
  readonly ffi?: true | readonly string[];
  readonly sys?: true | readonly string[];
}

/**
 * Where a daemon runs: `edge` and `node` are service hosts (containers in
 * containerd's `system` namespace), `init` is PID 1 itself, `client` is a
 * program of the user.
 */
export type HostName = "edge" | "node" | "init" | "client";

/** A directory or file of the node that the host's container may see. */
export interface HostMount {
  /** The same path on the node and in the container. */
  readonly path: string;
  readonly access: "ro" | "rw";
}

/** How the supervisor asks whether a running daemon is well. */
export interface HealthPolicy {
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** It is asked at once; failures this early are those of a start. */
  readonly initialDelayMs: number;
}

/** One daemon. */
export interface Manifest {
  /** Service id, folder name and bundle name. */
  readonly name: string;
  /** One sentence. */
  readonly job: string;
  readonly host: HostName;
  /** Full gRPC service names; a relay that decodes nothing serves `*`. */
  readonly serves: readonly string[];
  /** The unix socket that it serves on, if any. */
  readonly socket?: string;
  /** The TCP port that it accepts connections on, if any. */
  readonly port?: number;
  /** Daemons and clients that may call it. */
  readonly callers: readonly string[];
  /** Paths of the machine config that it is given, for instance `machine.time`. */
  readonly config: readonly string[];
  readonly permissions: Permissions;
  /** Linux capabilities that its host's container keeps, `CAP_...`. */
  readonly capabilities: readonly string[];
  readonly mounts: readonly HostMount[];
  /** Services that must be up before it starts. */
  readonly needs: readonly string[];
  readonly restart: "always" | "never";
  readonly health: HealthPolicy;
  /** Its share of the memory limit of its host's cgroup. */
  readonly memoryMiB: number;
}

/** Health checks of the seed era: first after 1 s, then every 5 s. */
export const DEFAULT_HEALTH: HealthPolicy = {
  initialDelayMs: 1_000,
  everyMs: 5_000,
  timeoutMs: 500,
};
