/**
 * Runs sequences: one at a time, phases in order, the tasks of a phase
 * together, the first error ends all. Everything is an event and a line of
 * the log.
 */
import { type Clock, systemClock } from "#lib/clock.ts";
import { AgentError, chainOf } from "#lib/errors.ts";
import type { EventPublisher } from "#lib/events.ts";
import type { Logger } from "#lib/log.ts";
import { Code } from "#proto/common_pb.ts";
import {
  PhaseEvent_Action,
  PhaseEventSchema,
  SequenceEvent_Action,
  SequenceEventSchema,
  TaskEvent_Action,
  TaskEventSchema,
} from "#proto/machine_pb.ts";
import type { Phase, SequenceName } from "./sequences.ts";

/** One step; the signal aborts when another of its phase failed. */
export type Task = (signal: AbortSignal) => Promise<void> | void;

/** Why a sequence did not run to its end. */
export type SequenceProblem =
  | { readonly kind: "locked"; readonly sequence: SequenceName }
  /** It had to make way; the one that took over goes on. */
  | { readonly kind: "takenOver"; readonly sequence: SequenceName }
  | {
    readonly kind: "failed";
    readonly sequence: SequenceName;
    readonly phase: string;
    readonly task: string;
  };

/** A sequence that did not run to its end. */
export class SequenceError extends AgentError<SequenceProblem> {
  override name = "SequenceError";

  constructor(problem: SequenceProblem, options?: ErrorOptions) {
    super(problem, describe(problem), options);
  }
}

function describe(problem: SequenceProblem): string {
  switch (problem.kind) {
    case "locked":
      return "sequence not started: locked";
    case "takenOver":
      return `${problem.sequence} sequence ended: another took over`;
    case "failed":
      return `${problem.sequence} sequence failed in phase "${problem.phase}", task "${problem.task}"`;
  }
}

/** These may run beside another sequence. */
const UNLOCKED: readonly SequenceName[] = ["bootstrap", "reset", "recover"];
/** How long a sequence that takes over waits for the one that it ended. */
const TAKE_OVER_MS = 10_000;

/** How a sequence gets the lock. */
export interface RunOptions {
  /** End the running sequence first: the node is going down. */
  readonly takeOver?: boolean;
}

/** What the sequencer works with. */
export interface SequencerOptions {
  readonly events: EventPublisher;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly tasks: Readonly<Record<string, Task>>;
}

/** How far a sequence is, and how it is ended. */
interface Progress {
  readonly abort: AbortController;
  phase?: Phase;
}

interface Running {
  readonly progress: Progress;
  readonly done: Promise<void>;
}

/** See the top of the file. */
export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #clock: Clock;
  #running: Running | undefined;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Whether a sequence has the lock, and does more than wait for services. */
  get busy(): boolean {
    return this.#running !== undefined && !this.#waits();
  }

  #waits(): boolean {
    return this.#running?.progress.phase?.waits === true;
  }

  /**
   * Runs `phases`. One whose phase only waits makes way: what it waits for
   * may never come without the sequence that comes now.
   *
   * @throws {SequenceError} when another sequence runs, a task failed, or
   * another sequence took over.
   */
  async run(
    sequence: SequenceName,
    phases: readonly Phase[],
    { takeOver = false }: RunOptions = {},
  ): Promise<void> {
    if (UNLOCKED.includes(sequence)) {
      const abort = new AbortController();
      return await this.#run(sequence, phases, { abort });
    }
    // Another may have begun when the one before has ended.
    while (this.#running && (takeOver || this.#waits())) await this.#end();
    if (this.#running) {
      const error = new SequenceError({ kind: "locked", sequence });
      this.#publish(sequence, SequenceEvent_Action.NOOP, {
        code: Code.LOCKED,
        message: error.message,
      });
      throw error;
    }
    const progress: Progress = { abort: new AbortController() };
    const running = this.#run(sequence, phases, progress);
    const lock = { progress, done: running.catch(() => {}) };
    this.#running = lock;
    try {
      await running;
    } finally {
      if (this.#running === lock) this.#running = undefined;
    }
  }

  /** Ends the running sequence, and forgets it if it does not listen. */
  async #end(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.progress.abort.abort(new Error("another sequence took over"));
    const waited = new AbortController();
    await Promise.race([
      running.done,
      this.#clock.sleep(TAKE_OVER_MS, waited.signal).catch(() => {}),
    ]);
    waited.abort();
    if (this.#running === running) this.#running = undefined;
  }

  async #run(
    sequence: SequenceName,
    phases: readonly Phase[],
    progress: Progress,
  ): Promise<void> {
    const { log } = this.#options;
    const { signal } = progress.abort;
    const started = this.#clock.monotonic();
    this.#publish(sequence, SequenceEvent_Action.START);
    log.info(`${sequence} sequence: ${phases.length} phase(s)`);
    try {
      for (const [at, phase] of phases.entries()) {
        progress.phase = phase;
        const place = `(${at + 1}/${phases.length})`;
        await this.#phase(sequence, phase, { place, signal });
      }
    } catch (thrown) {
      if (signal.aborted) {
        const error = new SequenceError({ kind: "takenOver", sequence });
        log.info(error.message);
        this.#publish(sequence, SequenceEvent_Action.STOP);
        throw error;
      }
      log.error(`${sequence} sequence: failed`, thrown);
      this.#publish(sequence, SequenceEvent_Action.NOOP, {
        code: Code.FATAL,
        message: chainOf(thrown),
      });
      throw thrown;
    }
    log.info(`${sequence} sequence: done, ${this.#since(started)}`);
    this.#publish(sequence, SequenceEvent_Action.STOP);
  }

  async #phase(
    sequence: SequenceName,
    { name, tasks }: Phase,
    { place, signal }: { place: string; signal: AbortSignal },
  ): Promise<void> {
    const { log, events } = this.#options;
    const started = this.#clock.monotonic();
    events.publish(PhaseEventSchema, {
      phase: name,
      action: PhaseEvent_Action.START,
    });
    log.info(`phase ${name} ${place}: ${tasks.length} tasks(s)`);
    const failed = new AbortController();
    const both = AbortSignal.any([signal, failed.signal]);
    let first: SequenceError | undefined;
    // All of them are over before the phase is: none outlives the lock.
    await Promise.all(tasks.map(async (task, at) => {
      try {
        await this.#task(task, `(${at + 1}/${tasks.length})`, both);
      } catch (cause) {
        first ??= new SequenceError(
          { kind: "failed", sequence, phase: name, task },
          { cause },
        );
        failed.abort(cause);
      }
    }));
    log.info(`phase ${name} ${place}: done, ${this.#since(started)}`);
    events.publish(PhaseEventSchema, {
      phase: name,
      action: PhaseEvent_Action.STOP,
    });
    if (first) throw first;
  }

  async #task(name: string, place: string, signal: AbortSignal): Promise<void> {
    const { log, events, tasks } = this.#options;
    const started = this.#clock.monotonic();
    events.publish(TaskEventSchema, {
      task: name,
      action: TaskEvent_Action.START,
    });
    log.info(`task ${name} ${place}: starting`);
    try {
      const task = tasks[name];
      if (!task) throw new Error(`no task "${name}" in this mode`);
      signal.throwIfAborted();
      await task(signal);
      log.info(`task ${name} ${place}: done, ${this.#since(started)}`);
    } catch (thrown) {
      log.error(`task ${name} ${place}: failed`, thrown);
      throw thrown;
    } finally {
      events.publish(TaskEventSchema, {
        task: name,
        action: TaskEvent_Action.STOP,
      });
    }
  }

  #publish(
    sequence: SequenceName,
    action: SequenceEvent_Action,
    error?: { code: Code; message: string },
  ): void {
    this.#options.events.publish(SequenceEventSchema, {
      sequence,
      action,
      ...(error && { error }),
    });
  }

  #since(started: number): string {
    const ms = this.#clock.monotonic() - started;
    return ms < 1000 ? `${ms.toFixed(1)}ms` : `${(ms / 1000).toFixed(2)}s`;
  }
}
