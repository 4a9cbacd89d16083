/**
 * The inside of a daemon: `main.ts` calls {@linkcode runDaemon} once. In a
 * worker it speaks the control protocol (port.ts); started by hand (`deno run
 * -P=timed services/timed/main.ts --config FILE`) it reads the config from a
 * file and logs to the terminal (debug.ts).
 */
import type { Logger } from "../log.ts";
import { keepHeapSmall } from "./heap.ts";
import type { Manifest } from "./manifest.ts";
import { runInWorker, type WorkerScope } from "./port.ts";
import type { WorkerConfig } from "./protocol.ts";

/** What a daemon is given. */
export interface DaemonContext {
  readonly config: WorkerConfig;
  readonly log: Logger;
  /** Aborts when the daemon shall stop. */
  readonly signal: AbortSignal;
  /** Says that it accepts calls. */
  ready(): void;
  /** Reports its own health, as `talosctl service` shows it. */
  health(healthy: boolean, message: string): void;
  /** An event of the service, as `talosctl events` shows it. */
  notice(text: string): void;
  /**
   * Calls back with each new config while it runs; at once when one came
   * since the start.
   */
  onConfig(callback: (config: WorkerConfig) => void): void;
}

/** Runs until the context's signal aborts; what it throws is its exit. */
export type Daemon = (context: DaemonContext) => Promise<void>;

/** Joins a daemon to the world; the only call of its `main.ts`. */
export function runDaemon(manifest: Manifest, daemon: Daemon): void {
  if ("DedicatedWorkerGlobalScope" in globalThis) {
    keepHeapSmall();
    runInWorker(globalThis as unknown as WorkerScope, daemon);
    return;
  }
  // Not needed on a node: bundles leave it out (`--external */debug.ts`).
  void import("./debug.ts").then((door) => door.runByHand(manifest, daemon));
}
