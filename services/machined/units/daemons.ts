/** The daemons of a node as services, from their manifests. */
import type { LogStore } from "#lib/log_store.ts";
import type { Manifest } from "#lib/worker/manifest.ts";
import type { WorkerConfig } from "#lib/worker/protocol.ts";
import { WORKER_RESTART } from "../supervisor/backoff.ts";
import { WorkerRunner } from "../supervisor/runner_worker.ts";
import type { Operation, ServiceSpec } from "../supervisor/service.ts";
import type { ServiceHost } from "../supervisor/service_host.ts";
import { probeDaemon } from "./probes.ts";

/** What the list of services depends on. */
export interface ServiceNode {
  readonly mode: "container" | "metal";
  readonly type: "init" | "controlplane" | "join";
}

/** What may be done to a daemon through the API. */
const OPERATIONS: Readonly<Record<string, readonly Operation[]>> = {
  timed: ["start", "restart"],
};

/** The manifests of the daemons that `node` runs; all before it has a config. */
export function daemonsOf<M extends Pick<Manifest, "name" | "host">>(
  manifests: readonly M[],
  node: ServiceNode | undefined,
): M[] {
  return manifests.filter(({ name, host }) =>
    (host === "edge" || host === "node") &&
    !(name === "trustd" && node?.type === "join")
  );
}

/** The daemons of the maintenance mode. */
export const MAINTENANCE: readonly string[] = ["networkd", "routerd", "apid"];

/** What {@linkcode daemonSpec} works with. */
export interface DaemonOptions {
  readonly manifest: Manifest;
  readonly host: ServiceHost;
  /** Services that exist on this node. */
  readonly exists: (id: string) => boolean;
  readonly mode: "container" | "metal";
  /** Asked at each start. */
  readonly config: () => WorkerConfig;
  readonly logs: LogStore;
  /** Waits for what its config must have, for instance a certificate. */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
  readonly onNotice: (text: string) => void;
  /** The runner of the present run, to hand it a new config. */
  readonly onRunner: (runner: WorkerRunner) => void;
}

/** One daemon as a service. */
export function daemonSpec(options: DaemonOptions): ServiceSpec {
  const { manifest, host, exists, mode, config, logs } = options;
  const { name } = manifest;
  let reported = "";
  return {
    id: name,
    needs: manifest.needs.filter((id) =>
      // In a container the clock is the host's: nobody waits for timed.
      exists(id) && !(id === "timed" && mode === "container")
    ),
    pre: async (signal) => {
      await options.prepare(signal);
      return "run";
    },
    runner: () => {
      reported = "";
      const runner = new WorkerRunner({
        manifest,
        host,
        config,
        log: logs.sink(name),
        onHealth: (healthy, message) =>
          reported = healthy ? "" : message || "not well",
        onNotice: options.onNotice,
      });
      options.onRunner(runner);
      return runner;
    },
    ...(manifest.restart === "always" && { restart: WORKER_RESTART }),
    health: {
      policy: manifest.health,
      check: async (signal) => {
        if (reported !== "") throw new Error(reported);
        await probeDaemon(manifest, signal);
      },
    },
    operations: OPERATIONS[name] ?? [],
  };
}
