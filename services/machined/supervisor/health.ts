/**
 * Asks a running service whether it is well, again and again. Tells only what
 * changed.
 */
import { orAborted } from "#lib/abort.ts";
import type { Clock } from "#lib/clock.ts";
import { messageOf } from "#lib/errors.ts";
import type { HealthPolicy } from "#lib/worker/manifest.ts";
import type { ServiceHealth } from "./service.ts";

/** A question with its rhythm. */
export interface HealthCheck {
  readonly policy: HealthPolicy;
  /** Rejects when it is not well; the signal is its timeout. */
  readonly check: (signal: AbortSignal) => Promise<void>;
}

/** A service that has just started is asked again so soon, then slower. */
const SETTLE_MS = 50;

/** Rejects after `timeoutMs` also when `check` forgets its signal. */
async function within(
  check: HealthCheck["check"],
  timeoutMs: number,
  stop: AbortSignal,
): Promise<void> {
  const limit = new AbortController();
  const signal = AbortSignal.any([limit.signal, stop]);
  const timer = setTimeout(
    () => limit.abort(new Error(`no answer in ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    await orAborted(check(signal), signal);
  } finally {
    clearTimeout(timer);
    // Frees what listens, for instance a dial that is still under way.
    limit.abort(new Error("over"));
  }
}

/** The health of one service over all its runs. */
export class HealthWatch {
  readonly #clock: Clock;
  readonly #tell: (text: string) => void;
  #state: ServiceHealth;

  constructor(clock: Clock, tell: (text: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#state = this.#unknown();
  }

  get state(): ServiceHealth {
    return this.#state;
  }

  /** Nothing is known any more: the run is over. */
  clear(): void {
    this.#state = this.#unknown();
  }

  /**
   * Watches one run until the signal aborts: asks at once, and lets failures
   * of the first `initialDelayMs` be those of a start. Never rejects.
   */
  async run(
    { policy, check }: HealthCheck,
    signal: AbortSignal,
    onHealthy: () => void,
  ): Promise<void> {
    this.clear();
    const started = this.#clock.monotonic();
    let pauseMs = SETTLE_MS;
    try {
      while (true) {
        const failure = await within(check, policy.timeoutMs, signal).then(
          () => undefined,
          messageOf,
        );
        if (signal.aborted) return;
        const settling = this.#state.unknown && failure !== undefined &&
          this.#clock.monotonic() - started < policy.initialDelayMs;
        if (settling) {
          await this.#clock.sleep(pauseMs, signal);
          pauseMs *= 2;
          continue;
        }
        if (failure === undefined) onHealthy();
        this.#record(failure);
        await this.#clock.sleep(policy.everyMs, signal);
      }
    } catch {
      // Only the sleeps reject, when the signal aborts.
    }
  }

  #record(failure: string | undefined): void {
    const healthy = failure === undefined;
    const lastMessage = failure ?? "";
    const { unknown, healthy: before, lastMessage: text } = this.#state;
    if (!unknown && healthy === before && text === lastMessage) return;
    const lastChange = this.#clock.now();
    this.#state = { unknown: false, healthy, lastMessage, lastChange };
    this.#tell(
      healthy
        ? "Health check successful"
        : `Health check failed: ${lastMessage}`,
    );
  }

  #unknown(): ServiceHealth {
    return {
      unknown: true,
      healthy: false,
      lastMessage: "",
      lastChange: this.#clock.now(),
    };
  }
}
