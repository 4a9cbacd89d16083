/** The service hosts of a node: containers of the system containerd. */
import type { Clock } from "#lib/clock.ts";
import type { Containerd } from "#lib/containerd/client.ts";
import type { LogStore } from "#lib/log_store.ts";
import type { Logger } from "#lib/log.ts";
import { controlSocket } from "#lib/paths.ts";
import type { FilesystemSys } from "#lib/sys/sys.ts";
import type { HostName, Manifest } from "#lib/worker/manifest.ts";
import {
  hostSpec,
  makeMountSources,
  NODE_ROOT,
} from "../supervisor/host_container.ts";
import type { Runner } from "../supervisor/runner.ts";
import { ContainerRunner } from "../supervisor/runner_container.ts";
import { ServiceHost } from "../supervisor/service_host.ts";

/** FIFOs of containers' output, which no host sees. */
export const STDIO_DIR = "/system/run/stdio";
/** A host has nothing to finish: its workers are told to stop before. */
const GRACE_MS = 100;

/** What a host is made with. */
export interface HostsOptions {
  readonly manifests: readonly Manifest[];
  readonly containerd: Containerd;
  readonly hostname: () => string;
  readonly sys: Pick<FilesystemSys, "mknod">;
  readonly clock: Clock;
  readonly logs: LogStore;
  readonly log: Logger;
}

/** The hosts that the manifests name, by name. */
export function hostsOf(
  manifests: readonly Manifest[],
): Map<HostName, Manifest[]> {
  const hosts = new Map<HostName, Manifest[]>();
  for (const manifest of manifests) {
    const { host } = manifest;
    if (host === "init" || host === "client") continue;
    hosts.set(host, [...hosts.get(host) ?? [], manifest]);
  }
  return hosts;
}

/** The container of one host, one run of it. */
function hostRunner(
  name: HostName,
  manifests: readonly Manifest[],
  options: HostsOptions,
): Runner {
  const { containerd, sys, clock, logs, hostname } = options;
  return new ContainerRunner({
    container: {
      id: name,
      image: `talos/${name}`,
      spec: hostSpec({ name, manifests, hostname: hostname() }),
    },
    rootfs: NODE_ROOT,
    containerd,
    stdioDir: STDIO_DIR,
    sys,
    clock,
    log: logs.sink(name),
    graceMs: GRACE_MS,
    prepare: () => makeMountSources(manifests),
  });
}

/** One {@linkcode ServiceHost} for each host, not started. */
export function makeHosts(options: HostsOptions): Map<string, ServiceHost> {
  const hosts = new Map<string, ServiceHost>();
  for (const [name, manifests] of hostsOf(options.manifests)) {
    hosts.set(
      name,
      new ServiceHost({
        name,
        socket: controlSocket(name),
        runner: () => hostRunner(name, manifests, options),
        clock: options.clock,
        log: options.log.child("host"),
      }),
    );
  }
  return hosts;
}
