/**
 * One supervised service: waits for what it needs, runs, is watched, is
 * started again. It knows its own needs only as promises; the order among
 * services is supervisor.ts.
 */
import type { Clock } from "#lib/clock.ts";
import { chainOf, messageOf } from "#lib/errors.ts";
import type { HealthPolicy } from "#lib/worker/manifest.ts";
import { Backoff, type RestartPolicy } from "./backoff.ts";
import { HealthWatch } from "./health.ts";
import type { Runner, RunnerExit } from "./runner.ts";
import { isDown, nextState, type State, type Trigger } from "./states.ts";

/** Something to wait for that is not a service. */
export interface Condition {
  /** Completes "Waiting for ", for instance `file "/x" to exist`. */
  readonly description: string;
  /** Whether it holds now; absent when that cannot be said without waiting. */
  holds?(): boolean;
  /** Resolves when it holds; rejects when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
}

/** What may be done to a service through the API. */
export type Operation = "start" | "stop" | "restart";

/** A service as data and factories. */
export interface ServiceSpec {
  readonly id: string;
  /** Services that must be up before its first run. */
  readonly needs: readonly string[];
  /** Services that must be up before every run: the host of a worker. */
  readonly runsIn?: readonly string[];
  readonly conditions?: readonly Condition[];
  /**
   * Before every run; `"skip"` when it has nothing to do on this node. What
   * it tells becomes an event: how far a pull is, why it waits.
   */
  readonly pre?: (
    signal: AbortSignal,
    tell: (text: string) => void,
  ) => Promise<"run" | "skip">;
  /** Makes the next run. */
  readonly runner: () => Runner;
  /** Absent: one run only. */
  readonly restart?: RestartPolicy;
  readonly health?: {
    readonly policy: HealthPolicy;
    /** Rejects when it is not well; the signal is its timeout. */
    readonly check: (signal: AbortSignal) => Promise<void>;
  };
  /** Absent: none. */
  readonly operations?: readonly Operation[];
}

/** One entry of the history. */
export interface ServiceEventRecord {
  readonly message: string;
  readonly state: State;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Health as the API shows it. */
export interface ServiceHealth {
  readonly unknown: boolean;
  readonly healthy: boolean;
  readonly lastMessage: string;
  readonly lastChange: number;
}

/** A service as the API shows it. */
export interface ServiceSnapshot {
  readonly id: string;
  readonly state: State;
  readonly events: readonly ServiceEventRecord[];
  readonly health: ServiceHealth;
}

/** What a service needs of its supervisor. */
export interface ServiceDeps {
  readonly clock: Clock;
  /** Called after each change. */
  readonly changed: (record: ServiceEventRecord) => void;
  /** The wait for another service to be up. */
  readonly up: (id: string) => Condition;
}

/** Entries of the history that are kept. */
export const EVENTS_PER_SERVICE = 64;
/** Longer texts are cut: some come from daemons. */
const MESSAGE_CHARS = 1024;
/** More from a daemon are dropped: they would push out everybody's events. */
const NOTES_A_SECOND = 10;

/** See the top of the file. */
export class Service {
  readonly spec: ServiceSpec;
  readonly #deps: ServiceDeps;
  readonly #events: ServiceEventRecord[] = [];
  readonly #health: HealthWatch;
  #state: State = "Initialized";
  #stop: AbortController | undefined;
  #runner: Runner | undefined;
  #bounced = false;
  #noted = { second: 0, count: 0 };
  #done: Promise<void> = Promise.resolve();

  constructor(spec: ServiceSpec, deps: ServiceDeps) {
    this.spec = spec;
    this.#deps = deps;
    this.#health = new HealthWatch(
      deps.clock,
      (text) => this.#enter("run", text),
    );
  }

  get state(): State {
    return this.#state;
  }

  /** Done for good, or running and well. */
  get up(): boolean {
    if (this.#state === "Skipped" || this.#state === "Finished") return true;
    return this.#state === "Running" &&
      (!this.spec.health || this.#health.state.healthy);
  }

  /** Nothing of it is left to stop. */
  get down(): boolean {
    return this.#state === "Initialized" || isDown(this.#state);
  }

  snapshot(): ServiceSnapshot {
    return {
      id: this.spec.id,
      state: this.#state,
      events: [...this.#events],
      health: this.#health.state,
    };
  }

  /** Starts it unless it is started; does not wait. */
  start(): void {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#done = this.#live(stop.signal).finally(() => this.#stop = undefined);
  }

  /** Stops it; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stop?.abort(new Error("service stopped"));
    await this.#done;
  }

  /** Ends the present run; the next one follows at once. */
  async bounce(): Promise<void> {
    // A start under way may have read an old config: it is ended right after.
    if (this.#runner || this.#state === "Preparing") this.#bounced = true;
    await this.#runner?.stop();
  }

  /** Adds an event while it runs, for instance a notice of a daemon. */
  note(text: string): void {
    const second = Math.floor(this.#deps.clock.now() / 1000);
    if (second !== this.#noted.second) this.#noted = { second, count: 0 };
    if (this.#state !== "Running" || ++this.#noted.count > NOTES_A_SECOND) {
      return;
    }
    this.#enter("run", text);
  }

  #enter(trigger: Trigger, message: string): void {
    this.#state = nextState(this.#state, trigger);
    const record = {
      message: message.slice(0, MESSAGE_CHARS),
      state: this.#state,
      at: this.#deps.clock.now(),
    };
    this.#events.push(record);
    if (this.#events.length > EVENTS_PER_SERVICE) this.#events.shift();
    this.#deps.changed(record);
  }

  /** From start to the end that needs no restart. Never rejects. */
  async #live(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(this.spec.restart ?? { pausesMs: [] });
    let needs = this.spec.needs;
    try {
      while (true) {
        await this.#wait([...needs, ...this.spec.runsIn ?? []], signal);
        needs = [];
        const exit = await this.#runOnce(signal, backoff);
        if (exit === "skipped") return this.#enter("skip", "Service skipped");
        if (signal.aborted || !this.spec.restart) return this.#end(exit);
        if (this.#bounced) backoff.reset();
        const pauseMs = this.#bounced ? 0 : backoff.nextMs();
        this.#bounced = false;
        this.#enter("wait", restartText(exit, pauseMs));
        await this.#deps.clock.sleep(pauseMs, signal);
      }
    } catch (thrown) {
      if (signal.aborted) {
        this.#enter("finish", "Service finished successfully");
      } else this.#enter("fail", messageOf(thrown));
    }
  }

  #end({ clean, reason }: RunnerExit): void {
    if (clean) this.#enter("finish", "Service finished successfully");
    else this.#enter("fail", `Failed running service: ${reason}`);
  }

  /** One run; rejects only when the signal aborts. */
  async #runOnce(
    signal: AbortSignal,
    backoff: Backoff,
  ): Promise<RunnerExit | "skipped"> {
    let stage = "pre stage";
    try {
      this.#enter("prepare", "Running pre state");
      const tell = (text: string) => {
        if (this.#state === "Preparing") this.#enter("prepare", text);
      };
      if (await this.spec.pre?.(signal, tell) === "skip") return "skipped";
      signal.throwIfAborted();
      stage = "service";
      this.#enter("prepare", "Creating service runner");
      const runner = this.spec.runner();
      const text = await runner.start(signal);
      this.#runner = runner;
      this.#enter("run", text);
      if (this.#bounced) void runner.stop();
      return await this.#watch(runner, signal, backoff);
    } catch (thrown) {
      signal.throwIfAborted();
      return {
        clean: false,
        reason: `Failed to run ${stage}: ${chainOf(thrown)}`,
      };
    } finally {
      this.#runner = undefined;
    }
  }

  /** Until the run is over; stops it when the signal aborts. */
  async #watch(
    runner: Runner,
    signal: AbortSignal,
    backoff: Backoff,
  ): Promise<RunnerExit> {
    const watching = new AbortController();
    if (this.spec.health) {
      this.#health.run(
        this.spec.health,
        watching.signal,
        () => backoff.reset(),
      );
    } else this.#health.clear();
    const stopping = Promise.withResolvers<void>();
    const onAbort = () => {
      watching.abort();
      this.#enter("stop", `Sending SIGTERM to ${runner.description}`);
      runner.stop().then(stopping.resolve, stopping.reject);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    try {
      const exit = await Promise.race([runner.exited, stopping.promise]);
      // A stop that was asked for is clean, whatever the exit code says.
      return signal.aborted || !exit
        ? { clean: true, reason: "stopped" }
        : exit;
    } finally {
      watching.abort();
      signal.removeEventListener("abort", onAbort);
      this.#health.clear();
      if (signal.aborted) await stopping.promise.catch(() => {});
    }
  }

  /** Waits for services and conditions, telling for which. */
  async #wait(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const pending = new Set(
      [...ids.map(this.#deps.up), ...this.spec.conditions ?? []]
        .filter((condition) => !condition.holds?.()),
    );
    if (pending.size === 0) return;
    const tell = () => {
      const list = [...pending].map((condition) => condition.description);
      if (list.length > 0) {
        this.#enter("wait", `Waiting for ${list.join(", ")}`);
      }
    };
    tell();
    const given = new AbortController();
    const both = AbortSignal.any([signal, given.signal]);
    const waits = [...pending].map(async (condition) => {
      await condition.wait(both);
      pending.delete(condition);
      if (!both.aborted) tell();
    });
    try {
      await Promise.all(waits);
    } finally {
      // One that failed must not leave the others waiting.
      given.abort();
    }
    signal.throwIfAborted();
  }
}

function restartText({ clean, reason }: RunnerExit, pauseMs: number): string {
  const when = pauseMs === 0 ? "at once" : `in ${pauseMs} ms`;
  return clean
    ? `Service ended (${reason}), going to restart ${when}`
    : `Service failed (${reason}), going to restart ${when}`;
}
