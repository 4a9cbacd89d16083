/**
 * One service host: its container (or whatever runner it is given), its
 * control socket and who is interested in its workers. A host that ends is
 * started again, the first time at once; its workers have all ended then, and
 * starting those again is the supervisor's decision.
 */
import { orAborted, untilAborted } from "#lib/abort.ts";
import { assert } from "#lib/assert.ts";
import type { Clock } from "#lib/clock.ts";
import { messageOf } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import type { Command, Report } from "#lib/worker/protocol.ts";
import { dirname } from "@std/path";
import { Backoff, WORKER_RESTART } from "./backoff.ts";
import { HostLink } from "./host_link.ts";
import type { Runner } from "./runner.ts";

/** From the start of the process to its connection. */
const CONNECT_MS = 15_000;
/** How long a process that is being ended may take to say why it ended. */
const REASON_MS = 500;
/** A run this long was a healthy one: the next restart is at once again. */
export const HEALTHY_RUN_MS = 1_000;

/** Who is told of a worker. */
export interface WorkerHandler {
  report(report: Report): void;
  /** Its host is gone, and so is the worker. */
  lost(reason: string): void;
}

/** One host as data and factories. */
export interface ServiceHostOptions {
  readonly name: string;
  /** The control socket; its directory is made, closed to others. */
  readonly socket: string;
  /** Makes the next run of the host's process. */
  readonly runner: () => Runner;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is known while a host is up. */
interface Up {
  readonly link: HostLink;
  /** The text of its start, with its pid. */
  readonly text: string;
}

/** See the top of the file. */
export class ServiceHost {
  readonly name: string;
  readonly #options: ServiceHostOptions;
  readonly #handlers = new Map<string, WorkerHandler>();
  readonly #backoff = new Backoff(WORKER_RESTART);
  #up = Promise.withResolvers<Up>();
  #link: HostLink | undefined;
  #stop: AbortController | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(options: ServiceHostOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** The workers that run in it now or are being started. */
  get workers(): string[] {
    return [...this.#handlers.keys()].sort();
  }

  /**
   * Starts the host unless it is started; resolves when it obeys, with the
   * text of its start. Rejects when `signal` aborts.
   */
  async ensure(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    if (!this.#stop) {
      const stop = new AbortController();
      this.#stop = stop;
      this.#done = this.#live(stop.signal);
    }
    return (await orAborted(this.#up.promise, signal)).text;
  }

  /** Registers for one life of one worker; false when the host is not up. */
  attach(worker: string, handler: WorkerHandler): boolean {
    assert(!this.#handlers.has(worker), `worker ${worker} is attached twice`);
    if (!this.#link) return false;
    this.#handlers.set(worker, handler);
    return true;
  }

  /** Has no effect while the host is not up. */
  send(command: Command): void {
    this.#link?.send(command);
  }

  /** Ends the host with all its workers, for good. */
  async stop(): Promise<void> {
    this.#stop?.abort(new Error("host stopped"));
    await this.#done;
    this.#stop = undefined;
  }

  async #live(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const listener = await this.#listen();
    const connections = new Connections(listener);
    while (!signal.aborted) {
      const reason = await this.#run(connections, signal).catch(messageOf);
      if (signal.aborted) break;
      log.warn(`host ${this.name} ended: ${reason}`);
      await clock.sleep(this.#backoff.nextMs(), signal).catch(() => {});
    }
    listener.close();
  }

  async #listen(): Promise<Deno.Listener> {
    const { socket } = this.#options;
    await Deno.mkdir(dirname(socket), { recursive: true, mode: 0o700 });
    await Deno.remove(socket).catch(() => {});
    return Deno.listen({ transport: "unix", path: socket });
  }

  /** One life of the host; resolves with why it is over. */
  async #run(connections: Connections, signal: AbortSignal): Promise<string> {
    const { runner: makeRunner, clock, log } = this.#options;
    const runner = makeRunner();
    const text = await runner.start(signal);
    const stopped = untilAborted(signal).then(() => "stopped");
    const over = Promise.race([
      runner.exited.then(({ reason }) => reason),
      stopped,
    ]);
    let link: HostLink | undefined;
    let reason = "";
    try {
      const connection = await connections.next(over);
      link = new HostLink({
        connection,
        clock,
        onReport: (report) => this.#deliver(report),
      });
      log.info(`host ${this.name}: ${text}`);
      this.#link = link;
      this.#up.resolve({ link, text });
      const began = clock.monotonic();
      reason = await Promise.race([over, link.ended]);
      if (clock.monotonic() - began > HEALTHY_RUN_MS) this.#backoff.reset();
    } catch (thrown) {
      reason = messageOf(thrown);
    }
    link?.close("over");
    const stopping = runner.stop();
    // A process that dies closes its socket first and tells why after that; a
    // containerd that is away tells nothing, and nobody shall wait for it.
    const end = await Promise.race([
      runner.exited.then((exit) => exit.reason),
      clock.sleep(REASON_MS).then(() => reason),
    ]);
    const whole = reason === end ? reason : `${reason}, ${end}`;
    this.#lose(whole);
    await stopping;
    return whole;
  }

  #deliver(report: Report): void {
    const handler = this.#handlers.get(report.worker);
    if (!handler) return;
    if (report.type === "exited") this.#handlers.delete(report.worker);
    handler.report(report);
  }

  #lose(reason: string): void {
    if (this.#link) this.#up = Promise.withResolvers();
    this.#link = undefined;
    const handlers = [...this.#handlers.values()];
    this.#handlers.clear();
    for (const handler of handlers) {
      handler.lost(`host ${this.name} ended: ${reason}`);
    }
  }
}

/** Connections to a control socket, one for each life of its host. */
class Connections {
  readonly #listener: Deno.Listener;

  constructor(listener: Deno.Listener) {
    this.#listener = listener;
  }

  /** The connection of the present life; throws when `exited` comes first. */
  async next(exited: Promise<string>): Promise<Deno.Conn> {
    const limit = Promise.withResolvers<string>();
    const timer = setTimeout(
      () => limit.resolve(`no connection in ${CONNECT_MS} ms`),
      CONNECT_MS,
    );
    try {
      const first = await Promise.race([
        this.#accept(),
        exited,
        limit.promise,
      ]);
      if (typeof first !== "string") return first;
      throw new Error(first);
    } finally {
      clearTimeout(timer);
    }
  }

  #accepting: Promise<Deno.Conn> | undefined;

  /** An accept that nobody waited for to its end is taken up by the next. */
  #accept(): Promise<Deno.Conn> {
    this.#accepting ??= this.#listener.accept().finally(() =>
      this.#accepting = undefined
    );
    return this.#accepting;
  }
}
