/** A run of a daemon: a worker in its service host. */
import type { LogSink } from "#lib/log.ts";
import { BUNDLE_DIR } from "#lib/paths.ts";
import type { Manifest } from "#lib/worker/manifest.ts";
import type { Report, WorkerConfig } from "#lib/worker/protocol.ts";
import type { Runner, RunnerExit } from "./runner.ts";
import type { ServiceHost } from "./service_host.ts";

/** What to run, and who listens. */
export interface WorkerOptions {
  readonly manifest: Manifest;
  readonly host: ServiceHost;
  /** Asked at each start. */
  readonly config: () => WorkerConfig;
  /** Takes the worker's log lines. */
  readonly log: LogSink;
  readonly onHealth?: (healthy: boolean, message: string) => void;
  /** Text of a service event. */
  readonly onNotice?: (text: string) => void;
  /** Where the bundles are; tests have their own. */
  readonly bundles?: string;
}

/** See the top of the file. */
export class WorkerRunner implements Runner {
  readonly description: string;
  readonly #options: WorkerOptions;
  readonly #ready = Promise.withResolvers<void>();
  readonly #exit = Promise.withResolvers<RunnerExit>();
  readonly exited = this.#exit.promise;
  #stopping = false;
  #over = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { manifest, host } = options;
    this.description = `worker(${host.name}/${manifest.name})`;
  }

  async start(signal: AbortSignal): Promise<string> {
    const { manifest, host, config, bundles } = this.#options;
    const { name, permissions } = manifest;
    const text = await host.ensure(signal);
    const attached = host.attach(name, {
      report: (report) => this.#receive(report),
      lost: (reason) => this.#end({ clean: this.#stopping, reason }),
    });
    if (!attached) throw new Error(`host ${host.name} ended`);
    host.send({
      type: "start",
      worker: name,
      entry: `${bundles ?? BUNDLE_DIR}/${name}.js`,
      permissions,
      config: config(),
    });
    const abort = () => void this.stop();
    signal.addEventListener("abort", abort, { once: true });
    const end = await Promise.race([this.#ready.promise, this.exited]);
    signal.removeEventListener("abort", abort);
    if (end) {
      signal.throwIfAborted();
      throw new Error(end.reason);
    }
    const pid = /PID (\d+)/.exec(text)?.[1] ?? "?";
    return `Started task ${name} (PID ${pid}) for container ${host.name}`;
  }

  /** Hands it a new config while it runs. */
  configure(config: WorkerConfig): void {
    const { manifest: { name }, host } = this.#options;
    host.send({ type: "configure", worker: name, config });
  }

  /** The host terminates a worker that does not stop in time. */
  async stop(): Promise<void> {
    const { manifest: { name }, host } = this.#options;
    this.#stopping = true;
    // After the end the name may be another run's.
    if (!this.#over) host.send({ type: "stop", worker: name });
    await this.exited;
  }

  #receive(report: Report): void {
    const { log, onHealth, onNotice } = this.#options;
    switch (report.type) {
      case "ready":
        return this.#ready.resolve();
      case "health":
        return onHealth?.(report.healthy, report.message);
      case "notice":
        return onNotice?.(report.text);
      case "log":
        return report.lines.forEach((line) => log(line));
      case "exited":
        return this.#end({
          clean: this.#stopping || report.error === undefined,
          reason: report.error ?? "stopped",
        });
      case "heartbeat":
      case "stuck":
        return;
    }
  }

  #end(exit: RunnerExit): void {
    this.#over = true;
    this.#exit.resolve(exit);
  }
}
