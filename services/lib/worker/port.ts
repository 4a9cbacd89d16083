/**
 * The worker's end of the control protocol: waits for `start`, runs the
 * daemon, reports. Knows the worker's global scope only as an argument.
 */
import { chainOf, messageOf } from "../errors.ts";
import { createLogger } from "../log.ts";
import type { Daemon, DaemonContext } from "./daemon.ts";
import { LogWindow } from "./log_window.ts";
import {
  HEARTBEAT_MS,
  type WorkerCommand,
  type WorkerConfig,
  type WorkerReport,
} from "./protocol.ts";

/** How long log lines wait for company. */
const FLUSH_MS = 5;

/** The part of DedicatedWorkerGlobalScope that is used. */
export interface WorkerScope {
  postMessage(message: WorkerReport): void;
  close(): void;
  addEventListener(type: string, listener: (event: Event) => void): void;
}

/** Serves one daemon in the worker `scope` until it ends. */
export function runInWorker(scope: WorkerScope, daemon: Daemon): void {
  const port = new WorkerPort(scope, daemon);
  scope.addEventListener("message", (event) => {
    port.receive((event as MessageEvent<WorkerCommand>).data);
  });
  const fatal = (event: Event, thrown: unknown) => {
    event.preventDefault();
    port.exit(thrown);
  };
  scope.addEventListener(
    "unhandledrejection",
    (event) => fatal(event, (event as PromiseRejectionEvent).reason),
  );
  scope.addEventListener("error", (event) => {
    const { error, message } = event as ErrorEvent;
    fatal(event, error ?? new Error(message));
  });
  // Deno.exit() in a worker ends the worker: the host would see silence only.
  scope.addEventListener(
    "unload",
    () => port.exit(new Error("the worker called exit")),
  );
}

/** One life of one daemon. */
class WorkerPort {
  readonly #scope: WorkerScope;
  readonly #daemon: Daemon;
  readonly #stop = new AbortController();
  readonly #logs = new LogWindow();
  readonly #configCallbacks: ((config: WorkerConfig) => void)[] = [];
  #started = false;
  #ended = false;
  #newest: WorkerConfig | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #flushTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(scope: WorkerScope, daemon: Daemon) {
    this.#scope = scope;
    this.#daemon = daemon;
  }

  receive(command: WorkerCommand): void {
    switch (command.type) {
      case "start":
        if (!this.#started) this.#start(command.config);
        return;
      case "configure":
        this.#newest = command.config;
        for (const callback of this.#configCallbacks) callback(command.config);
        return;
      case "stop":
        this.#stop.abort(new Error("asked to stop"));
        return;
      case "logged":
        this.#logs.acknowledge(command.chars);
        this.#flush();
        return;
    }
  }

  /** Reports the end once and closes the worker. */
  exit(thrown?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#flushTimer);
    for (;;) {
      const lines = this.#logs.drain();
      if (lines.length === 0) break;
      this.#scope.postMessage({ type: "log", lines });
    }
    this.#scope.postMessage(
      thrown === undefined
        ? { type: "exited" }
        : { type: "exited", error: chainOf(thrown) || "unknown error" },
    );
    this.#scope.close();
  }

  #start(config: WorkerConfig): void {
    this.#started = true;
    const beat = () => this.#scope.postMessage({ type: "heartbeat" });
    beat();
    this.#heartbeat = setInterval(beat, HEARTBEAT_MS);
    this.#run(config).then(
      () => this.exit(),
      (thrown) => this.exit(thrown),
    );
  }

  async #run(config: WorkerConfig): Promise<void> {
    const { signal } = this.#stop;
    const context = this.#context(config);
    try {
      await this.#daemon(context);
    } catch (thrown) {
      // Waits that the stop interrupted are not failures.
      if (signal.aborted && thrown === signal.reason) return;
      context.log.error(`Cannot go on: ${messageOf(thrown)}`);
      throw thrown;
    }
    if (!signal.aborted) throw new Error("the daemon ended by itself");
  }

  #context(config: WorkerConfig): DaemonContext {
    return {
      config,
      log: createLogger((line) => this.#log(line)),
      signal: this.#stop.signal,
      ready: () => this.#post({ type: "ready" }),
      health: (healthy, message) =>
        this.#post({ type: "health", healthy, message }),
      notice: (text) => this.#post({ type: "notice", text }),
      onConfig: (callback) => {
        this.#configCallbacks.push(callback);
        // One came while the daemon was still starting.
        if (this.#newest) callback(this.#newest);
      },
    };
  }

  #post(report: WorkerReport): void {
    if (!this.#ended) this.#scope.postMessage(report);
  }

  #log(line: string): void {
    if (this.#ended || !this.#logs.push(line)) return;
    this.#flushTimer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    for (;;) {
      const lines = this.#logs.take();
      if (lines.length === 0) return;
      this.#post({ type: "log", lines });
    }
  }
}
