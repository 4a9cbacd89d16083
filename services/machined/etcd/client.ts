/** A client of one member of etcd, over mutual TLS. */
import { type Channel, connect, createClient } from "#lib/rpc/client.ts";
import type { PemPair } from "#lib/pki/mod.ts";
import {
  type AlarmMember,
  AlarmRequest_AlarmAction,
  Cluster,
  KV,
  Maintenance,
  type Member,
  type StatusResponse,
} from "#proto/etcd_pb.ts";
import { ETCD_PORTS } from "./paths.ts";

/** Which member, and who asks. */
export interface EtcdTarget extends PemPair {
  readonly host: string;
  readonly ca: string;
}

/** A part of a snapshot, and how much is still to come. */
export interface SnapshotPiece {
  readonly bytes: Uint8Array;
  readonly remainingBytes: number;
}

const QUICK_MS = 10_000;
/** Defragmentation stops the member meanwhile: 8 GiB take minutes. */
const SLOW_MS = 10 * 60_000;
/** A piece of a snapshot is at most 32 KiB; a list of members far less. */
const MESSAGE_BYTES_MAX = 4 << 20;

/** See the top of the file. Every failure is an RpcError. */
export class EtcdClient implements Disposable {
  readonly #channel: Channel;

  constructor({ host, ca, crt, key }: EtcdTarget) {
    this.#channel = connect({
      target: { host, port: ETCD_PORTS.client },
      tls: { ca, crt, key },
      maxMessageBytes: MESSAGE_BYTES_MAX,
    });
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }

  #cluster() {
    return createClient(Cluster, this.#channel);
  }

  #maintenance() {
    return createClient(Maintenance, this.#channel);
  }

  /** All members, as a quorum knows them. */
  async members(signal: AbortSignal): Promise<Member[]> {
    const options = { signal, timeoutMs: QUICK_MS };
    const request = { linearizable: true };
    return (await this.#cluster().memberList(request, options)).members;
  }

  /** A member that votes only once it is promoted. */
  async addLearner(peerUrl: string, signal: AbortSignal): Promise<Member[]> {
    const options = { signal, timeoutMs: QUICK_MS };
    const request = { peerURLs: [peerUrl], isLearner: true };
    return (await this.#cluster().memberAdd(request, options)).members;
  }

  async promote(id: bigint, signal: AbortSignal): Promise<void> {
    const options = { signal, timeoutMs: QUICK_MS };
    await this.#cluster().memberPromote({ ID: id }, options);
  }

  async remove(id: bigint, signal: AbortSignal): Promise<void> {
    const options = { signal, timeoutMs: QUICK_MS };
    await this.#cluster().memberRemove({ ID: id }, options);
  }

  /** Of the member that is asked. */
  async status(signal: AbortSignal): Promise<StatusResponse> {
    return await this.#maintenance().status({}, {
      signal,
      timeoutMs: QUICK_MS,
    });
  }

  /** Asked of the leader. */
  async moveLeader(id: bigint, signal: AbortSignal): Promise<void> {
    const options = { signal, timeoutMs: QUICK_MS };
    await this.#maintenance().moveLeader({ targetID: id }, options);
  }

  async defragment(signal: AbortSignal): Promise<void> {
    await this.#maintenance().defragment({}, { signal, timeoutMs: SLOW_MS });
  }

  /** The alarms of all members. */
  async alarms(signal: AbortSignal): Promise<AlarmMember[]> {
    const request = { action: AlarmRequest_AlarmAction.GET };
    const options = { signal, timeoutMs: QUICK_MS };
    return (await this.#maintenance().alarm(request, options)).alarms;
  }

  async disarm(
    { memberID, alarm }: AlarmMember,
    signal: AbortSignal,
  ): Promise<void> {
    const action = AlarmRequest_AlarmAction.DEACTIVATE;
    const options = { signal, timeoutMs: QUICK_MS };
    await this.#maintenance().alarm({ action, memberID, alarm }, options);
  }

  /** The database of the member that is asked, with its hash at the end. */
  async *snapshot(signal: AbortSignal): AsyncGenerator<SnapshotPiece> {
    const pieces = this.#maintenance().snapshot({}, { signal });
    for await (const { blob, remainingBytes } of pieces) {
      yield { bytes: blob, remainingBytes: Number(remainingBytes) };
    }
  }

  /** Rejects unless a quorum answers. */
  async readQuorum(signal: AbortSignal): Promise<void> {
    const key = new TextEncoder().encode("health");
    const options = { signal, timeoutMs: QUICK_MS };
    await createClient(KV, this.#channel).range({ key }, options);
  }
}
