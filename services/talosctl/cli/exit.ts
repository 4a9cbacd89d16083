/** Exit codes; scripts depend on them, so they never change their meaning. */

/** By what went wrong. */
export const EXIT = {
  ok: 0,
  failure: 1,
  /** Unknown command or flag, missing or impossible value. */
  usage: 2,
  /** Some nodes answered, others failed. */
  someNodes: 3,
  /** No endpoint could be reached. */
  unreachable: 4,
  /** Own or peer's certificate, or its role. */
  certificate: 5,
  timeout: 7,
  /** Ctrl-C. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
