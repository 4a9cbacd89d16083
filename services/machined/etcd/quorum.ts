/** May a member go? The arithmetic of quorums. Pure. */
import type { Member } from "#proto/etcd_pb.ts";

/** As many of `voters` decide. */
function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/**
 * Why the member `id` has to stay, with the arithmetic; undefined when it may
 * go. Those left that answer must be a quorum of today's members: so nothing
 * is lost when one more fails while the change is under way, and of two
 * neither can be removed.
 */
export function removalProblem(
  members: readonly Member[],
  { id, answering }: {
    readonly id: bigint;
    readonly answering: ReadonlySet<bigint>;
  },
): string | undefined {
  const voters = members.filter(({ isLearner }) => !isLearner);
  if (!voters.some(({ ID }) => ID === id)) return undefined;
  const left = voters.filter(({ ID }) => ID !== id);
  const good = left.filter(({ ID }) => answering.has(ID)).length;
  const needed = quorumOf(voters.length);
  if (good >= needed) return undefined;
  const silent = left.filter(({ ID }) => !answering.has(ID))
    .map(({ name, peerURLs }) => name || peerURLs.join());
  const why = silent.length === 0
    ? ""
    : `; ${silent.join(", ")} does not answer`;
  return `removing one of ${voters.length} members leaves ${good} of the ` +
    `needed ${needed}${why}`;
}
