/** A run of something inside PID 1 itself: its own API. */
import { messageOf } from "#lib/errors.ts";
import type { Runner, RunnerExit } from "./runner.ts";

/** What runs. */
export interface FunctionOptions {
  readonly name: string;
  /**
   * Starts it; resolves when it runs, with how it is stopped and the promise
   * of its end.
   */
  readonly start: () => Promise<{
    readonly stop: () => Promise<void>;
    readonly stopped: Promise<void>;
  }>;
}

/** See the top of the file. */
export class FunctionRunner implements Runner {
  readonly description: string;
  readonly #options: FunctionOptions;
  readonly #exit = Promise.withResolvers<RunnerExit>();
  readonly exited = this.#exit.promise;
  #stop: (() => Promise<void>) | undefined;

  constructor(options: FunctionOptions) {
    this.#options = options;
    this.description = `goroutine(${options.name})`;
  }

  async start(signal: AbortSignal): Promise<string> {
    const { stop, stopped } = await this.#options.start();
    if (signal.aborted) {
      await stop();
      throw signal.reason;
    }
    this.#stop = stop;
    stopped.then(
      () => this.#exit.resolve({ clean: true, reason: "stopped" }),
      (thrown) =>
        this.#exit.resolve({ clean: false, reason: messageOf(thrown) }),
    );
    return "Service started as goroutine";
  }

  async stop(): Promise<void> {
    await this.#stop?.();
    await this.exited;
  }
}
