/** How long a service that ended waits before it is started again. Pure. */

/** Pauses between runs. */
export interface RestartPolicy {
  /** Pause before the first, second ... restart in a row; the last repeats. */
  readonly pausesMs: readonly number[];
}

/** Workers and their hosts: at once, then slower, at most 5 s. */
export const WORKER_RESTART: RestartPolicy = {
  pausesMs: [0, 250, 500, 1_000, 2_000, 4_000, 5_000],
};
/** Processes and pulled containers, as in the seed era. */
export const PROCESS_RESTART: RestartPolicy = { pausesMs: [5_000] };

/** The pauses of one service. */
export class Backoff {
  readonly #policy: RestartPolicy;
  #restarts = 0;

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** The pause before the next start. */
  nextMs(): number {
    const { pausesMs } = this.#policy;
    const at = Math.min(this.#restarts++, pausesMs.length - 1);
    return pausesMs[at] ?? 0;
  }

  /** The run was healthy: it starts over. */
  reset(): void {
    this.#restarts = 0;
  }
}
