/**
 * The life of a service as a table. Numbers and words are those of the API
 * (`ServiceStateEvent.Action`, `ServiceInfo.state`).
 */
import { AssertionError } from "#lib/assert.ts";

/** States with their number on the wire. */
export const STATES = {
  Initialized: 0,
  Preparing: 1,
  Waiting: 2,
  Running: 3,
  Stopping: 4,
  Finished: 5,
  Failed: 6,
  Skipped: 7,
} as const;
/** Where a service is in its life. */
export type State = keyof typeof STATES;

/** What can happen to a service. */
export type Trigger =
  /** It waits: for others, or for its next attempt. */
  | "wait"
  | "prepare"
  /** It has nothing to do on this node. */
  | "skip"
  /** It runs, or something worth telling happened while it does. */
  | "run"
  | "stop"
  | "finish"
  | "fail";

const again = { wait: "Waiting", prepare: "Preparing" } as const;
const ending = { finish: "Finished", fail: "Failed" } as const;

/** What is absent cannot happen. */
const TABLE: Record<State, { readonly [T in Trigger]?: State }> = {
  Initialized: again,
  Waiting: { ...again, stop: "Stopping", ...ending },
  Preparing: {
    ...again,
    skip: "Skipped",
    run: "Running",
    stop: "Stopping",
    ...ending,
  },
  Running: { ...again, run: "Running", stop: "Stopping", ...ending },
  Stopping: { stop: "Stopping", ...ending },
  Finished: again,
  Failed: again,
  Skipped: again,
};

/** The state after `trigger`; what the table does not know is our bug. */
export function nextState(state: State, trigger: Trigger): State {
  const next = TABLE[state][trigger];
  if (!next) throw new AssertionError(`"${trigger}" in state ${state}`);
  return next;
}

/** Whether nothing of the service is left to stop. */
export function isDown(state: State): boolean {
  return state === "Finished" || state === "Failed" || state === "Skipped";
}
