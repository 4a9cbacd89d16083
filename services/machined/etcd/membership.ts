/**
 * How this node becomes a member: with data of an earlier life it is one; told
 * to bootstrap it is the first; otherwise it joins through any control plane
 * that lives, as a learner, and is promoted when it has caught up. The
 * decisions are pure; what they need to know is asked through `EtcdPeers`.
 */
import type { Clock } from "#lib/clock.ts";
import { messageOf } from "#lib/errors.ts";
import type { Member } from "#proto/etcd_pb.ts";

/** What of a client a joining member needs. */
export interface EtcdPeer extends Disposable {
  members(signal: AbortSignal): Promise<Member[]>;
  addLearner(peerUrl: string, signal: AbortSignal): Promise<Member[]>;
  promote(id: bigint, signal: AbortSignal): Promise<void>;
}

/** The members that there are, from outside. */
export interface EtcdPeers {
  /** Addresses of the other control planes, as Kubernetes lists them. */
  addresses(signal: AbortSignal): Promise<readonly string[]>;
  connect(address: string): EtcdPeer;
}

/** Who this node is among the members. */
export interface Self {
  readonly name: string;
  readonly peerUrl: string;
}

/** What etcd is started with. */
export interface InitialCluster {
  /** `name=https://...:2380`, comma-separated; empty where data decides. */
  readonly members: string;
  readonly state: "new" | "existing";
}

/** The first member of a new cluster. */
export function newCluster({ name, peerUrl }: Self): InitialCluster {
  return { members: `${name}=${peerUrl}`, state: "new" };
}

/** Where the data directory has a member, its own records decide. */
export const KNOWN_CLUSTER: InitialCluster = { members: "", state: "existing" };

/** The members as etcd wants them told; ours has no name before its start. */
function listOf(members: readonly Member[], self: Self): string {
  return members.flatMap(({ name, peerURLs }) =>
    peerURLs.map((url) => {
      const own = peerURLs.includes(self.peerUrl);
      return `${own ? self.name : name}=${url}`;
    })
  ).join(",");
}

/** Members that were added and never started: nobody else can be added. */
function unstarted(members: readonly Member[], self: Self): Member[] {
  return members.filter(({ name, peerURLs }) =>
    name === "" && !peerURLs.includes(self.peerUrl)
  );
}

/** Adds this node to the cluster of `peer`, unless it is in it. */
async function joinThrough(
  peer: EtcdPeer,
  self: Self,
  signal: AbortSignal,
): Promise<InitialCluster> {
  const members = await peer.members(signal);
  const known = members.some(({ peerURLs }) => peerURLs.includes(self.peerUrl));
  const [waiting] = unstarted(members, self);
  if (!known && waiting) {
    throw new Error(`another member (${waiting.peerURLs.join()}) is joining`);
  }
  const after = known ? members : await peer.addLearner(self.peerUrl, signal);
  return { members: listOf(after, self), state: "existing" };
}

/** Tries every control plane once; the cluster, or why there is none. */
export async function tryJoin(
  peers: EtcdPeers,
  self: Self,
  signal: AbortSignal,
): Promise<InitialCluster | { readonly why: string }> {
  const reasons: string[] = [];
  let addresses: readonly string[] = [];
  try {
    addresses = await peers.addresses(signal);
  } catch (thrown) {
    signal.throwIfAborted();
    reasons.push(messageOf(thrown));
  }
  for (const address of addresses) {
    using peer = peers.connect(address);
    try {
      return await joinThrough(peer, self, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      reasons.push(`${address}: ${messageOf(thrown)}`);
    }
  }
  return { why: reasons.join("; ") || "no control plane is listed" };
}

const PROMOTE_LOOK_MS = 1_000;

/**
 * Promotes this node once it has caught up; resolves when it votes. Any member
 * may be asked: the request finds the leader.
 */
export async function promoteSelf(
  peers: EtcdPeers,
  self: Self,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const addresses = await peers.addresses(signal).catch(() => []);
    for (const address of addresses) {
      using peer = peers.connect(address);
      try {
        const members = await peer.members(signal);
        const own = members.find(({ peerURLs }) =>
          peerURLs.includes(self.peerUrl)
        );
        if (own && !own.isLearner) return;
        if (own) {
          await peer.promote(own.ID, signal);
          return;
        }
      } catch {
        // Not in sync yet, or that one is away.
      }
    }
    await clock.sleep(PROMOTE_LOOK_MS, signal).catch(() => {});
  }
}
