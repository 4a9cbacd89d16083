/**
 * Waits until a cluster is well: one condition after another, each looked at
 * again and again until it holds or the time is over. Pull-based, so that a
 * slow reader slows it down and nothing queues.
 */
import type { Clock } from "../clock.ts";
import { AgentError } from "../errors.ts";
import { CONDITIONS } from "./conditions.ts";
import { discover } from "./discover.ts";
import { isFinal, reasonOf } from "./reasons.ts";
import type { ClusterNodes, ClusterView } from "./view.ts";

/** How far a condition is. */
export interface HealthProgress {
  readonly condition: string;
  readonly state: "waiting" | "ok";
  /** Why it waits; empty before the first look. */
  readonly reason: string;
  /** Since this condition was looked at first. */
  readonly elapsedMs: number;
}

/** A line of progress: a condition, or the nodes that were found. */
export type HealthNews =
  | ({ readonly kind: "condition" } & HealthProgress)
  | { readonly kind: "nodes"; readonly cluster: ClusterNodes };

/** Why a cluster is not well; the kind becomes the status of a call. */
export interface HealthProblem {
  readonly kind: "deadlineExceeded" | "permissionDenied";
  readonly condition: string;
  readonly reason: string;
}

/** A cluster that did not become well. */
export class HealthError extends AgentError<HealthProblem> {
  override name = "HealthError";

  constructor(problem: HealthProblem, options?: ErrorOptions) {
    const { condition, reason } = problem;
    super(problem, `waiting for ${condition}: ${reason}`, options);
  }
}

/** What {@linkcode watchHealth} works with. */
export interface HealthOptions {
  readonly view: ClusterView;
  /** Undefined: they are found through Kubernetes and etcd. */
  readonly cluster?: ClusterNodes;
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** For all conditions together. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Between two looks. */
const LOOK_MS = 500;
/** As in the seed era, where the caller says nothing. */
export const WAIT_TIMEOUT_MS = 20 * 60_000;
/** Whoever waits longer asks again; timers end where 31 bits do. */
export const WAIT_TIMEOUT_MS_MAX = 24 * 60 * 60_000;
const NOT_YET = "it has not been looked at yet";

/** The words of the seed era; `...` while nothing is known. */
export function healthText(news: HealthNews): string {
  if (news.kind === "nodes") {
    const { controlPlanes, workers } = news.cluster;
    return `discovered nodes: control plane: ${
      JSON.stringify(controlPlanes)
    }, worker: ${JSON.stringify(workers)}`;
  }
  const { condition, state, reason } = news;
  return `waiting for ${condition}: ${state === "ok" ? "OK" : reason || "..."}`;
}

/**
 * The progress of each condition in turn; ends when all hold.
 *
 * @throws {HealthError} when the time is over, or waiting is of no use.
 */
export async function* watchHealth(
  options: HealthOptions,
): AsyncGenerator<HealthNews> {
  const { view, clock, timeoutMs } = options;
  const timer = new AbortController();
  const late = new AbortController();
  const limitMs = Math.min(timeoutMs, WAIT_TIMEOUT_MS_MAX);
  void clock.sleep(limitMs, timer.signal).then(
    () => late.abort(new Error("the time is over")),
    () => {},
  );
  const run = { ...options, late: late.signal };
  const nodes = new Nodes(options);
  let told: ClusterNodes | undefined;
  try {
    if (!options.cluster) {
      yield* until(run, "nodes to be found", (signal) => nodes.find(signal));
    }
    for (const { name, look } of CONDITIONS) {
      if (nodes.found !== told) {
        told = nodes.found!;
        yield { kind: "nodes", cluster: told };
      }
      yield* until(run, name, async (signal) => {
        await nodes.find(signal);
        return await look(view, nodes.found!, signal);
      });
    }
  } finally {
    timer.abort();
  }
}

/** The nodes as they are listed, or as they are found from look to look. */
class Nodes {
  readonly #options: HealthOptions;
  /** Another object only when they are others. */
  found: ClusterNodes | undefined;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.found = options.cluster;
  }

  /** Why they are not known. */
  async find(signal: AbortSignal): Promise<string | undefined> {
    const { cluster, view } = this.#options;
    if (cluster) return undefined;
    try {
      const found = await discover(view, signal);
      if (typeof found === "string") return this.found ? undefined : found;
      const same = JSON.stringify(found) === JSON.stringify(this.found);
      if (!same) this.found = found;
      return undefined;
    } catch (thrown) {
      // The conditions say better what Kubernetes stands on.
      if (!this.found) throw thrown;
      return undefined;
    }
  }
}

async function* until(
  { clock, signal, late }: HealthOptions & { readonly late: AbortSignal },
  condition: string,
  look: (signal: AbortSignal) => Promise<string | undefined>,
): AsyncGenerator<HealthNews> {
  const started = clock.monotonic();
  const news = (state: HealthProgress["state"], reason: string): HealthNews => {
    const elapsedMs = clock.monotonic() - started;
    return { kind: "condition", condition, state, reason, elapsedMs };
  };
  const either = AbortSignal.any([signal, late]);
  yield news("waiting", "");
  for (let said = "";;) {
    const reason = late.aborted
      ? NOT_YET
      : await reasonNow(look, { condition, signal: either });
    signal.throwIfAborted();
    if (reason === undefined) return yield news("ok", "");
    if (late.aborted) {
      // What the end of the time cut short is no reason.
      const problem = { kind: "deadlineExceeded", condition } as const;
      throw new HealthError({ ...problem, reason: said || reason });
    }
    if (reason !== said) yield news("waiting", reason);
    said = reason;
    await clock.sleep(LOOK_MS, either).catch(() => {});
  }
}

/** One look; what it throws is a reason too. @throws {HealthError} */
async function reasonNow(
  look: (signal: AbortSignal) => Promise<string | undefined>,
  { condition, signal }: { condition: string; signal: AbortSignal },
): Promise<string | undefined> {
  try {
    return await look(signal);
  } catch (thrown) {
    if (!isFinal(thrown)) return reasonOf(thrown);
    const reason = thrown.details;
    const problem = { kind: "permissionDenied", condition, reason } as const;
    throw new HealthError(problem, { cause: thrown });
  }
}
