/**
 * What the API does with etcd on this node: begins a cluster, leaves it, moves
 * its leader, takes members out. Whatever would cost data or the quorum is
 * refused before anything is touched.
 */
import { urlHost } from "#lib/net/ip.ts";
import type { AlarmMember, Member, StatusResponse } from "#proto/etcd_pb.ts";
import type { Files } from "../files.ts";
import type { KubernetesInput } from "../kubernetes/input.ts";
import type { EtcdPeers } from "./membership.ts";
import type { EtcdClient } from "./client.ts";
import { EtcdError } from "./error.ts";
import { ETCD_PATHS } from "./paths.ts";
import { removalProblem } from "./quorum.ts";
import type { EtcdRecovery } from "./recovery.ts";
import type { BootstrapWish } from "./wish.ts";

/** What of a client is used here. */
export type EtcdMemberClient =
  & Disposable
  & Pick<
    EtcdClient,
    | ("members" | "remove" | "status")
    | ("moveLeader" | "defragment" | "snapshot")
    | ("alarms" | "disarm")
  >;

/** What {@linkcode EtcdControl} works with. */
export interface EtcdControlOptions {
  /** Undefined: there is no config. */
  readonly input: () => Pick<KubernetesInput, "config"> | undefined;
  readonly files: Pick<Files, "removeTree">;
  readonly recovery: Pick<
    EtcdRecovery,
    "receive" | "order" | "drop" | "refuseData"
  >;
  /** The other members, as Kubernetes has them. */
  readonly peers: EtcdPeers;
  /** A client of the member on that host. */
  readonly open: (host: string) => Promise<EtcdMemberClient>;
  readonly wish: Pick<BootstrapWish, "ask" | "recover" | "left">;
  readonly service: { readonly stop: () => Promise<void> };
}

const LOCAL = "127.0.0.1";
/** A member that is silent for so long does not count. */
const ANSWER_MS = 3_000;
/** An endpoint with nothing behind it may take a call and be silent. */
const OTHERS_MS = 15_000;
const DATA = `${ETCD_PATHS.data}/member`;

/** See the top of the file. */
export class EtcdControl {
  readonly #options: EtcdControlOptions;
  /** Changes go one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: EtcdControlOptions) {
    this.#options = options;
  }

  /**
   * Begins a cluster here, with `recover` that of the snapshot that was
   * received; resolves when that is decided, not done.
   */
  async bootstrap(
    recover: { readonly skipHashCheck: boolean } | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#alone(async () => {
      const { input, recovery, wish } = this.#options;
      if (input()?.config.machine.type === "join") {
        const text = "bootstrap can only be performed on a control plane node";
        throw new EtcdError("failedPrecondition", text);
      }
      this.#onControlPlane();
      await recovery.refuseData();
      const members = await this.#elsewhere(signal);
      if (members.length > 0) {
        const names = members.map(({ name }) => name || "one that joins");
        const text = `etcd has members already (${names.join(", ")}): ` +
          "this node joins them by itself";
        throw new EtcdError("alreadyExists", text);
      }
      if (recover) {
        await recovery.order(recover);
        wish.recover();
      } else {
        await recovery.drop();
        wish.ask();
      }
    });
  }

  /** Takes a snapshot to recover from. */
  async receive(
    pieces: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#onControlPlane();
    await this.#options.recovery.receive(pieces, signal);
  }

  /** `local`: of this node's member only, not of another when it is away. */
  async members(
    { local, signal }: { local: boolean; signal: AbortSignal },
  ): Promise<readonly Member[]> {
    try {
      return await this.#locally((client) => client.members(signal));
    } catch (thrown) {
      if (local || thrown instanceof EtcdError) throw thrown;
      const members = await this.#elsewhere(signal);
      if (members.length === 0) throw thrown;
      return members;
    }
  }

  async status(signal: AbortSignal): Promise<StatusResponse> {
    return await this.#locally((client) => client.status(signal));
  }

  /** The alarms of all members. */
  async alarms(signal: AbortSignal): Promise<readonly AlarmMember[]> {
    return await this.#locally((client) => client.alarms(signal));
  }

  /** Ends all alarms; those that there were. What raised them may go on. */
  async disarm(signal: AbortSignal): Promise<readonly AlarmMember[]> {
    return await this.#locally(async (client) => {
      const alarms = await client.alarms(signal);
      for (const alarm of alarms) await client.disarm(alarm, signal);
      return alarms;
    });
  }

  async defragment(signal: AbortSignal): Promise<void> {
    await this.#locally((client) => client.defragment(signal));
  }

  /** The database of this member, with its hash at the end. */
  async *snapshot(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#onControlPlane();
    using client = await this.#options.open(LOCAL);
    for await (const { bytes } of client.snapshot(signal)) yield bytes;
  }

  /** The name of the new leader; undefined when this node did not lead. */
  async forfeitLeadership(signal: AbortSignal): Promise<string | undefined> {
    return await this.#alone(() =>
      this.#locally(async (client) => {
        const { leader, header } = await client.status(signal);
        if (leader !== header?.memberId) return undefined;
        const members = await client.members(signal);
        const answering = await this.#answering(members, signal);
        const others = { id: leader, members, answering };
        return await handOver(client, others, signal);
      })
    );
  }

  /** Takes out another member, by its id or its name. */
  async remove(
    which: { readonly id: bigint } | { readonly name: string },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#alone(() =>
      this.#locally(async (client) => {
        const members = await client.members(signal);
        const found = members.filter(({ ID, name }) =>
          "id" in which ? ID === which.id : name === which.name
        );
        const label = "id" in which ? which.id.toString(16) : which.name;
        if (found.length !== 1) {
          const text = `etcd has ${found.length} members "${label}"`;
          throw new EtcdError("notFound", text);
        }
        const { ID } = found[0]!;
        if (ID === (await client.status(signal)).header?.memberId) {
          const text = `"${label}" is this node: it can leave by itself`;
          throw new EtcdError("failedPrecondition", text);
        }
        await this.#mayGo(members, ID, signal);
        await client.remove(ID, signal);
      })
    );
  }

  /** Leaves; the data go once the others have agreed. */
  async leave(signal: AbortSignal): Promise<void> {
    await this.#alone(async () => {
      const { service, wish, files } = this.#options;
      await this.#locally(async (client) => {
        const id = (await client.status(signal)).header?.memberId ?? 0n;
        const members = await client.members(signal);
        const answering = await this.#mayGo(members, id, signal);
        // The look at the others took time: does it still lead?
        if ((await client.status(signal)).leader === id) {
          await handOver(client, { id, members, answering }, signal);
        }
        const other = members.find(({ ID }) => ID !== id && answering.has(ID));
        // Asked elsewhere: a member that is removed may end before it answers.
        if (!other) throw new EtcdError("failedPrecondition", "it is alone");
        using another = await this.#options.open(hostOf(other));
        await another.remove(id, signal);
      });
      wish.left();
      await service.stop();
      await files.removeTree(DATA);
    });
  }

  /** Those that answer. @throws {EtcdError} when `id` has to stay. */
  async #mayGo(members: readonly Member[], id: bigint, signal: AbortSignal) {
    const answering = await this.#answering(members, signal);
    const problem = removalProblem(members, { id, answering });
    if (problem) throw new EtcdError("failedPrecondition", problem);
    return answering;
  }

  async #answering(
    members: readonly Member[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<bigint>> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const answers = await Promise.all(members.map(async (member) => {
      try {
        using client = await this.#options.open(hostOf(member));
        await client.status(limit);
        return [member.ID];
      } catch {
        return [];
      }
    }));
    signal.throwIfAborted();
    return new Set(answers.flat());
  }

  /** The members as another control plane has them; none: nobody answers. */
  async #elsewhere(signal: AbortSignal): Promise<readonly Member[]> {
    const { peers } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(OTHERS_MS)]);
    const addresses = await peers.addresses(limit).catch(() => []);
    for (const address of addresses) {
      using peer = peers.connect(address);
      const members = await peer.members(limit).catch(() => []);
      if (members.length > 0) return members;
    }
    signal.throwIfAborted();
    return [];
  }

  #onControlPlane(): void {
    const type = this.#options.input()?.config.machine.type;
    if (type !== undefined && type !== "join") return;
    const text = "etcd runs on control plane nodes only";
    throw new EtcdError("failedPrecondition", text);
  }

  async #locally<T>(use: (client: EtcdMemberClient) => Promise<T>): Promise<T> {
    this.#onControlPlane();
    using client = await this.#options.open(LOCAL);
    return await use(client);
  }

  #alone<T>(change: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(change);
    this.#turn = mine.catch(() => {});
    return mine;
  }
}

/** Makes another member than `id`, which leads, the leader; its name. */
async function handOver(
  client: EtcdMemberClient,
  { id, members, answering }: {
    readonly id: bigint;
    readonly members: readonly Member[];
    readonly answering: ReadonlySet<bigint>;
  },
  signal: AbortSignal,
): Promise<string> {
  const next = members.find(({ ID, isLearner }) =>
    ID !== id && !isLearner && answering.has(ID)
  );
  if (!next) {
    const text = "no other member answers that could lead";
    throw new EtcdError("failedPrecondition", text);
  }
  await client.moveLeader(next.ID, signal);
  return next.name;
}

/** Where a member that has started is asked. */
function hostOf({ name, clientURLs }: Member): string {
  const host = urlHost(clientURLs[0] ?? "");
  if (host === "") throw new Error(`member "${name}" has not started`);
  return host;
}
