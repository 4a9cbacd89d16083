/**
 * The view of a cluster through the API: nodes through an apid that relays,
 * Kubernetes through its API server. Connections are made when something is
 * looked at, and made anew after one failed.
 */
import { MachineService } from "#proto/machine_pb.ts";
import { assert } from "../assert.ts";
import type { KubeClient } from "../kube/client.ts";
import { KubeError } from "../kube/errors.ts";
import { RESOURCES } from "../kube/resources.ts";
import { urlHost } from "../net/ip.ts";
import type { CallOptions, ServiceClient } from "../rpc/call.ts";
import {
  type Channel,
  type ClientTls,
  connect,
  createClient,
} from "../rpc/client.ts";
import type { Target } from "../rpc/dial.ts";
import { Code, RpcError } from "../rpc/status.ts";
import type { ClusterView, MemberSeen, ServiceSeen } from "./view.ts";

/** Whom a view asks, and as whom. */
export interface RemoteOptions {
  /** apids of control planes; when one does not answer, the next. */
  readonly endpoints: readonly Target[];
  /** For those on a network. */
  readonly tls: ClientTls;
  /** Called again when the client that it made is of no more use. */
  readonly kube: (signal: AbortSignal) => Promise<KubeClient>;
}

/** A node that says nothing for so long is asked again. */
const CALL_MS = 5_000;

type Machine = ServiceClient<typeof MachineService>;
/** What every reply to one node has. */
interface Reply<M> {
  readonly messages: readonly M[];
}
interface Answer {
  readonly metadata?: {
    readonly error: string;
    readonly status?: { readonly code: number } | undefined;
  } | undefined;
}

/** See the top of the file. */
export class RemoteView implements ClusterView, Disposable {
  readonly #options: RemoteOptions;
  /** By the place of their endpoint. */
  readonly #channels = new Map<number, Channel>();
  #endpoint = 0;
  #kube: Promise<KubeClient> | undefined;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  [Symbol.dispose](): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
    this.#dropKube();
  }

  async version(node: string, signal: AbortSignal): Promise<void> {
    await this.#ask(
      (machine, options) => machine.version({}, options),
      { node, signal },
    );
  }

  async services(node: string, signal: AbortSignal): Promise<ServiceSeen[]> {
    const { services } = await this.#ask(
      (machine, options) => machine.serviceList({}, options),
      { node, signal },
    );
    return services.map(({ id, state, health, events }) => ({
      ...{ id, state },
      healthy: !health || health.unknown ? undefined : health.healthy,
      lastMessage: health?.lastMessage || events?.events.at(-1)?.msg || "",
    }));
  }

  async members(node: string, signal: AbortSignal): Promise<MemberSeen[]> {
    const { members } = await this.#ask(
      (machine, options) =>
        machine.etcdMemberList({ queryLocal: true }, options),
      { node, signal },
    );
    return members.map(({ id, hostname: name, peerUrls, isLearner }) => ({
      ...{ id, name, isLearner },
      host: urlHost(peerUrls[0] ?? ""),
    }));
  }

  async kubeNodes(signal: AbortSignal) {
    const { items } = await this.#throughKube(
      (kube) => kube.list(RESOURCES.nodes, {}, signal),
      signal,
    );
    return items;
  }

  async systemPods(labelSelector: string, signal: AbortSignal) {
    const namespace = "kube-system";
    const { items } = await this.#throughKube(
      (kube) => kube.list(RESOURCES.pods, { namespace, labelSelector }, signal),
      signal,
    );
    return items.filter(({ metadata, status }) =>
      metadata.deletionTimestamp === undefined &&
      status?.phase !== "Succeeded" && status?.phase !== "Failed"
    );
  }

  /** The answer of one node. */
  async #ask<M extends Answer>(
    call: (machine: Machine, options: CallOptions) => Promise<Reply<M>>,
    { node, signal }: { readonly node: string; readonly signal: AbortSignal },
  ): Promise<M> {
    const at = this.#endpoint;
    const { messages } = await call(
      createClient(MachineService, this.#channelOf(at)),
      { metadata: { nodes: node }, timeoutMs: CALL_MS, signal },
    ).catch((thrown) => {
      this.#leave(at, thrown);
      throw thrown;
    });
    const [message] = messages;
    if (!message) throw new RpcError(Code.Internal, "an empty answer");
    const { error = "", status } = message.metadata ?? {};
    if (error === "") return message;
    throw new RpcError(status?.code ?? Code.Unknown, error);
  }

  #channelOf(at: number): Channel {
    const { endpoints, tls } = this.#options;
    const target = endpoints[at];
    assert(target, "a view has an endpoint");
    const channel = this.#channels.get(at) ??
      connect({ target, tls });
    this.#channels.set(at, channel);
    return channel;
  }

  /** The next look goes elsewhere: the endpoint is gone, or is silent. */
  #leave(at: number, thrown: unknown): void {
    if (!(thrown instanceof RpcError)) return;
    const gone = thrown.code === Code.Unavailable;
    if (!gone && thrown.code !== Code.DeadlineExceeded) return;
    if (this.#endpoint === at) {
      this.#endpoint = (at + 1) % this.#options.endpoints.length;
    }
    // A channel that failed backs off; one that is silent serves others yet.
    if (!gone) return;
    this.#channels.get(at)?.close();
    this.#channels.delete(at);
  }

  async #throughKube<T>(
    use: (kube: KubeClient) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const client = this.#kube ??= this.#options.kube(signal);
    try {
      return await use(await client);
    } catch (thrown) {
      // A connection is made anew by itself, a certificate is not.
      const known = thrown instanceof KubeError &&
        thrown.problem.kind !== "unauthorized";
      if (!known && this.#kube === client) this.#dropKube();
      throw thrown;
    }
  }

  #dropKube(): void {
    void this.#kube?.then((kube) => kube.close(), () => {});
    this.#kube = undefined;
  }
}
