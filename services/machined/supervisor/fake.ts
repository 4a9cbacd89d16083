/** Stand-ins for tests of whatever is supervised: a runner and a clock. */
import type { Clock } from "#lib/clock.ts";
import type { Runner, RunnerExit } from "./runner.ts";

/** A run whose end the test decides. */
export class FakeRunner implements Runner {
  readonly description: string;
  readonly #exit = Promise.withResolvers<RunnerExit>();
  readonly exited = this.#exit.promise;
  readonly #onStop: () => void;

  constructor(description: string, onStop: () => void = () => {}) {
    this.description = description;
    this.#onStop = onStop;
  }

  start(_signal: AbortSignal): Promise<string> {
    return Promise.resolve(`Started ${this.description}`);
  }

  stop(): Promise<void> {
    this.#onStop();
    this.end({ clean: true, reason: "stopped" });
    return Promise.resolve();
  }

  /** Ends the run from outside. */
  end(exit: RunnerExit): void {
    this.#exit.resolve(exit);
  }
}

/** A clock whose sleeps end soon, or when the test says so. */
export class FakeClock implements Clock {
  /** All sleeps asked for, in order. */
  readonly slept: number[] = [];
  #time = 1_700_000_000_000;
  #held: (() => void)[] = [];

  /** Sleeps of at least `fromMs` wait for {@linkcode FakeClock.release}. */
  constructor(readonly fromMs = Infinity) {}

  now(): number {
    return this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(ms);
    this.#time += ms;
    if (signal?.aborted) return Promise.reject(signal.reason);
    // Not a microtask: a loop of sleeps must let others run.
    if (ms < this.fromMs) return new Promise((wake) => setTimeout(wake, 0));
    return new Promise((resolve, reject) => {
      this.#held.push(resolve);
      signal?.addEventListener("abort", () => reject(signal.reason), {
        once: true,
      });
    });
  }

  /** Ends all sleeps that wait. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const wake of held) wake();
  }
}
