/**
 * One run of one service: a process, a container, a worker in a service host,
 * or machined itself. The supervisor makes a new runner for each start; what
 * happens between starts (restart policy, dependencies, health) is not here.
 */

/** How a run ended. */
export interface RunnerExit {
  /** Asked for, or ended by itself without an error. */
  readonly clean: boolean;
  /** For the service's event, for instance `exit code 1`. */
  readonly reason: string;
}

/** One run. */
export interface Runner {
  /** What the service's events call it, for instance `containerd(apid)`. */
  readonly description: string;
  /**
   * Starts it. Resolves when it runs (a worker: when it is ready) with the
   * text of the service event, for instance `Started task edge (PID 12) for
   * container edge`. Rejects when it cannot be started or `signal` aborts;
   * nothing is left running then.
   */
  start(signal: AbortSignal): Promise<string>;
  /** Resolves once, after `start` resolved and the run is over. */
  readonly exited: Promise<RunnerExit>;
  /** Ends it: SIGTERM, 10 s, SIGKILL. Resolves when it is gone. */
  stop(): Promise<void>;
}
