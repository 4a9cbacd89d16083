/**
 * The gateway: takes calls from outside, decides who calls and where the call
 * goes, relays it. It decodes no message.
 */
import type { Fields } from "#lib/http2/fields.ts";
import {
  type Limits,
  LOCAL_LIMITS,
  NETWORK_LIMITS,
} from "#lib/http2/limits.ts";
import { ServerConnection } from "#lib/http2/server.ts";
import type { StreamEvents, StreamHandle } from "#lib/http2/stream.ts";
import type { Transport } from "#lib/http2/transport.ts";
import type { Logger } from "#lib/log.ts";
import { Deadlines } from "#lib/relay/deadlines.ts";
import { accessLogger, refusal } from "#lib/relay/gate.ts";
import { type CallContext, IncomingCall } from "#lib/relay/incoming_call.ts";
import { relayOne } from "#lib/relay/one_to_one.ts";
import { SILENT } from "#lib/relay/silent.ts";
import { type Dial, Upstream } from "#lib/relay/upstream.ts";
import { Code, type Status } from "#lib/rpc/status.ts";
import { SOCKETS } from "#lib/paths.ts";
import { relayMany } from "./one_to_many.ts";
import { type Peer, planOf } from "./plan.ts";
import { type DialNode, Remotes } from "./remotes.ts";

const LOCAL_DIAL_MS = 5_000;

/** A worker's certificate is good for serving only. */
const NO_CLIENT: Status = {
  code: Code.FailedPrecondition,
  message: "this node has no client certificate and cannot reach other " +
    "nodes: use a control plane node as endpoint",
};

/** What apid needs of the world. */
export interface ApidOptions {
  readonly log: Logger;
  /** Connects to routerd. */
  readonly dialLocal: Dial;
  /** Connects to the apid of another node. */
  readonly dialNode: DialNode;
  /** Our own certificate can be shown to other nodes. */
  readonly isClient: () => boolean;
  readonly dialTimeoutMs?: number;
}

/** Relays calls of this node's clients. */
export class Apid {
  readonly #options: ApidOptions;
  readonly #context: CallContext;
  readonly #local: Upstream;
  readonly #remotes: Remotes;

  constructor(options: ApidOptions) {
    this.#options = options;
    this.#context = {
      deadlines: new Deadlines(),
      now: () => performance.now(),
      onDone: accessLogger(options.log),
    };
    this.#local = new Upstream({
      name: SOCKETS.routerd,
      dial: options.dialLocal,
      limits: LOCAL_LIMITS,
      dialTimeoutMs: LOCAL_DIAL_MS,
    });
    this.#remotes = new Remotes(options.dialNode, options.dialTimeoutMs);
  }

  /** Serves one connection of `peer`. */
  serve(
    transport: Transport,
    peer: Peer,
    limits: Limits = NETWORK_LIMITS,
  ): ServerConnection {
    return new ServerConnection(transport, {
      limits,
      onRequest: (stream, fields, end) =>
        this.#onRequest({ stream, fields, end }, peer),
    });
  }

  /** Looks for nodes that are gone; called every few seconds. */
  check(): void {
    this.#remotes.check();
  }

  /** Cuts the connections to routerd and to other nodes. */
  close(): void {
    this.#local.close("stopped");
    this.#remotes.close();
  }

  #onRequest(
    { stream, fields, end }: {
      stream: StreamHandle;
      fields: Fields;
      end: boolean;
    },
    peer: Peer,
  ): StreamEvents {
    const refused = refusal(fields);
    if (refused) {
      stream.headers(refused, true);
      return SILENT;
    }
    const plan = planOf(fields, peer);
    const { path, timeoutMs } = plan;
    const context = this.#context;
    const call = new IncomingCall(stream, fields, { path, context });
    if (plan.kind === "local") {
      const upstream = this.#local;
      return relayOne(call, { upstream, fields: plan.fields, timeoutMs }, end);
    }
    if (plan.kind === "refused" || !this.#options.isClient()) {
      call.fail(plan.kind === "refused" ? plan.status : NO_CLIENT);
      return SILENT;
    }
    const upstream = this.#remotes.get.bind(this.#remotes);
    return relayMany(call, { plan, end, upstream });
  }
}
