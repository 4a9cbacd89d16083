/**
 * The workers of one service host: starts them with exactly the permissions
 * that it is told, watches their heartbeats, and reports every end of one
 * exactly once. What a worker sends is not believed: it is rebuilt field by
 * field.
 */
import { assert } from "../assert.ts";
import { chainOf } from "../errors.ts";
import { costOf, LINE_CHARS, REPORT_CHARS } from "./log_window.ts";
import { workerPermissions } from "./permissions.ts";
import {
  type Command,
  HEARTBEAT_MISSES,
  HEARTBEAT_MS,
  type Report,
  type WorkerCommand,
  type WorkerReport,
} from "./protocol.ts";
import { Watchdog } from "./watchdog.ts";
import { TEXT_CHARS_MAX } from "./wire.ts";

/** Until the first heartbeat: loading a bundle on a busy machine takes time. */
const START_MS = 15_000;
/** After `stop`; machined itself waits 10 s. */
const STOP_MS = 8_000;
/** Lines of a worker that are not lines of text. */
const NOT_TEXT = "[not text]";

/** Where reports go; resolves when the report has left the host. */
export type Emit = (report: Report) => Promise<void>;

/** All workers of a host, by name. */
export class HostWorkers {
  readonly #emit: Emit;
  readonly #stuck = Promise.withResolvers<never>();
  readonly #hosted = new Map<string, HostedWorker>();

  constructor(emit: Emit) {
    this.#emit = emit;
    // Whoever hosts may not be listening yet, or not any more.
    this.#stuck.promise.catch(() => {});
  }

  /**
   * Rejects when a worker neither answers nor ends. Deno's `terminate()` does
   * not stop a thread in a busy loop (denoland/deno#35657, seen on 2.9.6): it
   * goes on, and keeps its listening sockets. Only the end of the process
   * ends it.
   */
  get stuck(): Promise<never> {
    return this.#stuck.promise;
  }

  obey(command: Command): void {
    const hosted = this.#hosted.get(command.worker);
    switch (command.type) {
      case "start":
        assert(!hosted, `worker ${command.worker} is running already`);
        this.#hosted.set(command.worker, this.#start(command));
        return;
      case "configure":
        hosted?.send({ type: "configure", config: command.config });
        return;
      case "stop":
        hosted?.stop();
        return;
    }
  }

  #start(command: Command & { type: "start" }): HostedWorker {
    const { worker } = command;
    return new HostedWorker(command, {
      report: (report) => this.#emit({ ...report, worker } as Report),
      exited: () => void this.#hosted.delete(worker),
      stuck: (reason) =>
        this.#stuck.reject(new Error(`worker ${worker}: ${reason}`)),
    });
  }
}

interface HostedEvents {
  report(report: WorkerReport): Promise<void>;
  exited(): void;
  /** After that report: its thread may still be running. */
  stuck(reason: string): void;
}

/** One life of one worker. */
class HostedWorker {
  readonly #events: HostedEvents;
  readonly #worker: Worker | undefined;
  readonly #watch = new Watchdog((reason) => this.#abandon(reason));
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(command: Command & { type: "start" }, events: HostedEvents) {
    this.#events = events;
    try {
      this.#worker = new Worker(new URL(command.entry, "file:///"), {
        type: "module",
        name: command.worker,
        deno: { permissions: workerPermissions(command.permissions) },
      });
    } catch (thrown) {
      // Deno refuses permissions that the host does not have.
      queueMicrotask(() => this.#end(chainOf(thrown)));
      return;
    }
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end(event.message || "uncaught error");
    };
    this.#worker.onmessageerror = () => this.#end("unreadable message");
    this.#watch.expect(START_MS, `no heartbeat in ${START_MS} ms after start`);
    this.send({ type: "start", config: command.config });
  }

  send(command: WorkerCommand): void {
    if (!this.#ended) this.#worker?.postMessage(command);
  }

  stop(): void {
    this.send({ type: "stop" });
    this.#deadline ??= setTimeout(
      () => this.#abandon(`did not stop in ${STOP_MS} ms`),
      STOP_MS,
    );
  }

  #receive(message: unknown): void {
    if (this.#ended || typeof message !== "object" || message === null) return;
    const report = rebuild(message as Record<string, unknown>);
    if (!report) return;
    switch (report.type) {
      case "heartbeat":
        return this.#watch.expect(HEARTBEAT_MISSES * HEARTBEAT_MS, "hang");
      case "exited":
        return this.#end(report.error);
      case "log":
        void this.#events.report(report).then(() =>
          this.send({ type: "logged", chars: costOf(report.lines) })
        );
        return;
      default:
        void this.#events.report(report);
    }
  }

  /** Gives up on a worker that may be in a busy loop, and on the host. */
  #abandon(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#events.report({ type: "stuck", reason }).then(() =>
      this.#events.stuck(reason)
    );
  }

  #end(error: string | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watch.stop();
    clearTimeout(this.#deadline);
    this.#worker?.terminate();
    this.#events.exited();
    void this.#events.report(
      error === undefined ? { type: "exited" } : { type: "exited", error },
    );
  }
}

/** A report with nothing in it but what belongs there, within the limits. */
function rebuild(from: Record<string, unknown>): WorkerReport | undefined {
  switch (from.type) {
    case "ready":
    case "heartbeat":
      return { type: from.type };
    case "health":
      return {
        type: "health",
        healthy: from.healthy === true,
        message: cut(from.message, TEXT_CHARS_MAX),
      };
    case "notice":
      return { type: "notice", text: cut(from.text, TEXT_CHARS_MAX) };
    case "log":
      return { type: "log", lines: rebuildLines(from.lines) };
    case "exited":
      return from.error === undefined
        ? { type: "exited" }
        : { type: "exited", error: cut(from.error, TEXT_CHARS_MAX) };
    default:
      return undefined;
  }
}

function cut(value: unknown, limit: number): string {
  return typeof value === "string" ? value.slice(0, limit) : NOT_TEXT;
}

function rebuildLines(from: unknown): string[] {
  const lines: string[] = [];
  let chars = 0;
  for (const line of Array.isArray(from) ? from : []) {
    if (chars >= REPORT_CHARS) break;
    lines.push(cut(line, LINE_CHARS));
    chars += lines.at(-1)!.length + 1;
  }
  return lines;
}
