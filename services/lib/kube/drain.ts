/**
 * Moves the pods of a node elsewhere: each is evicted by the eviction API,
 * which honours PodDisruptionBudgets; one that may not go yet is asked again
 * until the time is over, and then named with the budget that holds it.
 * Mirror pods, those of daemon sets and those that ended are left alone.
 */
import type { Clock } from "../clock.ts";
import { AgentError } from "../errors.ts";
import type { KubeClient } from "./client.ts";
import { isNotFound, KubeError } from "./errors.ts";
import { type Pod, RESOURCES } from "./resources.ts";

/** A pod that is still there, and why. */
export interface Blocker {
  /** As in `default/web-5b8`. */
  readonly pod: string;
  readonly reason: string;
}

/** A node that still has pods when the time is over. */
export class DrainError extends AgentError<
  {
    readonly kind: "blocked";
    readonly node: string;
    readonly blockers: readonly Blocker[];
  }
> {
  override name = "DrainError";

  constructor(
    { node, blockers, timeoutMs }: {
      readonly node: string;
      readonly blockers: readonly Blocker[];
      readonly timeoutMs: number;
    },
  ) {
    super(
      { kind: "blocked", node, blockers },
      `Cannot drain node "${node}" within ${timeoutMs / 1000} s: ${
        describe(blockers)
      }`,
    );
  }
}

/** What {@linkcode drain} works with. */
export interface DrainOptions {
  readonly client: KubeClient;
  readonly node: string;
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** For all of it. */
  readonly timeoutMs: number;
  /** What a pod has to end by itself; its own time when not given. */
  readonly graceSeconds?: number;
  /** Told each time that others, or for other reasons, are still there. */
  readonly onBlocked?: (blockers: readonly Blocker[]) => void;
}

/** Between two evictions of the same pod. */
const AGAIN_MS = 2_000;
/** Named in one line; of the others the number. */
const NAMED_MAX = 10;
/** The status when nobody answered. */
const NOBODY = 0;
const MIRROR = "kubernetes.io/config.mirror";

function describe(blockers: readonly Blocker[]): string {
  const named = blockers.slice(0, NAMED_MAX)
    .map(({ pod, reason }) => `pod "${pod}" ${reason}`);
  const others = blockers.length - named.length;
  return [...named, ...others > 0 ? [`${others} more pods`] : []].join("; ");
}

/** Whether a drain is about it. */
function hasToGo({ metadata, status }: Pod): boolean {
  if (metadata.annotations?.[MIRROR] !== undefined) return false;
  const owners = metadata.ownerReferences ?? [];
  if (owners.some(({ kind }) => kind === "DaemonSet")) return false;
  return status?.phase !== "Succeeded" && status?.phase !== "Failed";
}

/** Asks for it to go; why not, or that it ends. */
async function evict(
  { metadata }: Pod,
  { client, graceSeconds }: DrainOptions,
  signal: AbortSignal,
): Promise<string> {
  const { name, namespace = "default", uid } = metadata;
  const object = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace },
    deleteOptions: {
      // Not one of the same name that came since.
      ...uid !== undefined && { preconditions: { uid } },
      ...graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds },
    },
  };
  try {
    const place = { name, namespace, subresource: "eviction", object };
    await client.createSubresource(RESOURCES.pods, place, signal);
    return "is still ending";
  } catch (thrown) {
    signal.throwIfAborted();
    if (isNotFound(thrown)) return "is gone";
    // Nobody but the API server itself says who holds a pod.
    if (!(thrown instanceof KubeError)) throw thrown;
    const { status, causes = [] } = thrown.problem;
    if (status === NOBODY || status === 401 || status === 403) throw thrown;
    const why = causes.map(({ message }) => message).join(", ");
    return `may not go: ${why === "" ? thrown.message : why}`;
  }
}

/** Those of the node, with what is in their way. */
async function lookOnce(
  options: DrainOptions,
  signal: AbortSignal,
): Promise<Blocker[]> {
  const { client, node } = options;
  const fieldSelector = `spec.nodeName=${node}`;
  const { items } = await client.list(
    RESOURCES.pods,
    { fieldSelector },
    signal,
  );
  const blockers: Blocker[] = [];
  for (const pod of items.filter(hasToGo)) {
    const { namespace, name, deletionTimestamp } = pod.metadata;
    const reason = deletionTimestamp === undefined
      ? await evict(pod, options, signal)
      : "is still ending";
    blockers.push({ pod: `${namespace}/${name}`, reason });
  }
  return blockers;
}

/**
 * Resolves when no pod is left that has to go. The node must be cordoned
 * (cordon.ts), else others come meanwhile.
 *
 * @throws {DrainError} when the time is over
 */
export async function drain(
  options: DrainOptions,
  signal: AbortSignal,
): Promise<void> {
  const { node, clock, timeoutMs, onBlocked } = options;
  const end = clock.monotonic() + timeoutMs;
  for (let said = "";;) {
    let blockers: Blocker[] | undefined;
    try {
      blockers = await lookOnce(options, signal);
    } catch (thrown) {
      // The API server itself may restart meanwhile.
      const away = thrown instanceof KubeError &&
        thrown.problem.status === NOBODY;
      if (!away || signal.aborted || clock.monotonic() >= end) throw thrown;
    }
    if (blockers) {
      if (blockers.length === 0) return;
      const now = describe(blockers);
      if (now !== said) onBlocked?.(blockers);
      said = now;
    }
    const left = end - clock.monotonic();
    if (left <= 0 && blockers) {
      throw new DrainError({ node, blockers, timeoutMs });
    }
    await clock.sleep(Math.max(0, Math.min(AGAIN_MS, left)), signal);
  }
}
