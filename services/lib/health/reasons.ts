/** Why a condition does not hold yet: from many nodes, on one line. */
import { chainOf } from "../errors.ts";
import { Code, RpcError } from "../rpc/status.ts";

/** Named in one line; of the others the number. */
const NAMED_MAX = 4;
/** Nodes that are asked at the same time. */
const ASKED_MAX = 16;
/** Of one answer. */
const REASON_CHARS_MAX = 300;

/** One line of them; undefined: there are none, and so it holds. */
export function oneReason(reasons: readonly string[]): string | undefined {
  if (reasons.length === 0) return undefined;
  const named = reasons.slice(0, NAMED_MAX)
    .map((reason) => reason.slice(0, REASON_CHARS_MAX));
  const others = reasons.length - named.length;
  return [...named, ...others > 0 ? [`${others} more`] : []].join("; ");
}

/** What waiting does not change: who asks may not look. */
export function isFinal(thrown: unknown): thrown is RpcError {
  return thrown instanceof RpcError &&
    (thrown.code === Code.PermissionDenied ||
      thrown.code === Code.Unauthenticated);
}

/** What was thrown, as a reason to wait. @throws what no waiting changes. */
export function reasonOf(thrown: unknown): string {
  if (isFinal(thrown)) throw thrown;
  return thrown instanceof RpcError ? thrown.details : chainOf(thrown);
}

/**
 * Looks at every node; its own reasons, or that it could not be looked at.
 * Each is told with the name of its node.
 */
export async function reasonsOfEach(
  nodes: readonly string[],
  look: (node: string) => Promise<string | undefined>,
): Promise<string[]> {
  const reasons: (string | undefined)[] = nodes.map(() => undefined);
  const queue = nodes.entries();
  const ask = async () => {
    // All take from the same queue.
    for (const [at, node] of queue) {
      const reason = await look(node).catch(reasonOf);
      reasons[at] = reason && `${node}: ${reason}`;
    }
  };
  await Promise.all(Array.from({ length: ASKED_MAX }, ask));
  return reasons.filter((reason) => reason !== undefined);
}
