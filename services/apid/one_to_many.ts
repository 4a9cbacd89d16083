/**
 * One call in, one out to each node, one answer back. Unary: what the nodes
 * answer becomes one message. Streaming: their frames come as they come, each
 * whole. Either way a node that fails is an entry of the answer and the call
 * goes well.
 */
import { concatBytes } from "#lib/bytes.ts";
import type { StreamEvents } from "#lib/http2/stream.ts";
import { OK_TRAILERS, RESPONSE_HEAD } from "#lib/relay/grpc_wire.ts";
import type { IncomingCall } from "#lib/relay/incoming_call.ts";
import type { Upstream } from "#lib/relay/upstream.ts";
import { Code, type Status, toStatus } from "#lib/rpc/status.ts";
import { Leg } from "./leg.ts";
import {
  errorAnswer,
  errorFrame,
  extendFirst,
  hostnameField,
  MergeError,
} from "./merge.ts";
import { MESSAGE_BYTES_MAX, messagePrefix } from "./messages.ts";
import type { Plan } from "./plan.ts";
import type { Target } from "./targets.ts";

/** What all nodes together may answer to one unary call. */
const MERGED_BYTES_MAX = 4 * MESSAGE_BYTES_MAX;
const LATE: Status = {
  code: Code.DeadlineExceeded,
  message: "context deadline exceeded",
};

type RemotePlan = Extract<Plan, { kind: "remote" }>;

/** What a relayed call needs. */
export interface ManyOptions {
  readonly plan: RemotePlan;
  /** The body is empty and has ended. */
  readonly end: boolean;
  readonly upstream: (target: Target) => Upstream;
}

/** Sends `call` to all targets of its plan. */
export function relayMany(
  call: IncomingCall,
  options: ManyOptions,
): StreamEvents {
  const many = options.plan.streaming
    ? new Streaming(call, options)
    : new Unary(call, options);
  many.start();
  return many;
}

/**
 * Nodes that did not answer are reported shortly before the client's own
 * deadline ends the call and hides what the others said.
 */
function reportAfterMs(timeoutMs: number): number {
  return timeoutMs - Math.min(500, timeoutMs / 10);
}

/** What both kinds share: the legs, and the request on its way to them. */
abstract class Many implements StreamEvents {
  protected readonly call: IncomingCall;
  readonly #options: ManyOptions;
  protected legs: Leg[] = [];
  #open = 0;
  /** Octets of the request that were taken from the client. */
  #consumed = 0;
  #received = 0;

  constructor(call: IncomingCall, options: ManyOptions) {
    this.call = call;
    this.#options = options;
  }

  start(): void {
    const { plan, end, upstream } = this.#options;
    this.#open = plan.hops.length;
    for (const { target, fields } of plan.hops) {
      const leg = new Leg({
        hostname: target.name,
        onMessage: (message, credit) => this.message(leg, message, credit),
        onDone: (status) => this.#legDone(leg, status),
        onSent: () => this.#settle(),
      });
      this.legs.push(leg);
      leg.stream = upstream(target).request(fields, end, leg);
    }
    const { timeoutMs } = plan;
    const reportMs = timeoutMs && reportAfterMs(timeoutMs);
    this.call.watch(reportMs, {
      onLate: () => this.#late(),
      onEnd: () => this.cancel(),
    });
  }

  headers(): void {}

  data(bytes: Uint8Array, end: boolean): void {
    this.#received += bytes.length;
    for (const leg of this.legs) leg.send(bytes, end);
    this.#settle();
  }

  trailers(): void {
    for (const leg of this.legs) leg.send(new Uint8Array(0), true);
  }

  sent(bytes: number): void {
    this.answerSent(bytes);
  }

  closed(): void {
    this.call.cancelled();
  }

  /** A message of a node came; `credit` octets are given back for it. */
  protected abstract message(
    leg: Leg,
    message: Uint8Array,
    credit: number,
  ): void;
  /** A node is done; OK or why not. */
  protected abstract nodeDone(leg: Leg, status: Status | undefined): void;
  protected abstract allDone(): void;
  protected abstract answerSent(bytes: number): void;

  /** Ends the whole call. */
  protected failAll(thrown: unknown): void {
    this.call.fail(toStatus(thrown));
    this.cancel();
  }

  protected cancel(): void {
    for (const leg of this.legs) leg.cancel();
  }

  /** Gives back what the slowest node has taken. */
  #settle(): void {
    let behind = 0;
    for (const leg of this.legs) behind = Math.max(behind, leg.behind);
    const free = this.#received - behind - this.#consumed;
    if (free <= 0) return;
    this.#consumed += free;
    this.call.stream.consume(free);
  }

  #late(): void {
    for (const leg of this.legs) leg.fail(LATE);
  }

  #legDone(leg: Leg, status: Status | undefined): void {
    if (this.call.done) return;
    this.nodeDone(leg, status);
    this.#settle();
    if (--this.#open === 0 && !this.call.done) this.allDone();
  }
}

/** Joins one answer of each node into one message. */
class Unary extends Many {
  /** In the order in which nodes are done. */
  readonly #answers: Uint8Array[] = [];
  readonly #messages = new Map<Leg, Uint8Array>();
  #bytes = 0;

  protected override message(
    leg: Leg,
    message: Uint8Array,
    credit: number,
  ): void {
    leg.consume(credit);
    if (this.#messages.has(leg)) {
      leg.fail({ code: Code.Internal, message: "more than one answer" });
      return;
    }
    this.#bytes += message.length;
    if (this.#bytes > MERGED_BYTES_MAX) {
      this.#bytes -= message.length;
      leg.fail({
        code: Code.ResourceExhausted,
        message: `the answers exceed ${MERGED_BYTES_MAX} bytes`,
      });
      return;
    }
    this.#messages.set(leg, message);
  }

  protected override nodeDone(leg: Leg, status: Status | undefined): void {
    const { hostname } = leg;
    const message = this.#messages.get(leg);
    if (status) {
      this.#answers.push(errorAnswer(hostname, status));
      return;
    }
    try {
      if (!message) throw new MergeError("no message");
      this.#answers.push(extendFirst(message, hostnameField(hostname)));
    } catch (thrown) {
      this.failAll(thrown);
    }
  }

  protected override allDone(): void {
    const body = concatBytes(this.#answers);
    this.call.headers(RESPONSE_HEAD, false);
    this.call.data(concatBytes([messagePrefix(body.length), body]), false);
    this.call.trailers(OK_TRAILERS);
  }

  protected override answerSent(): void {}
}

/** Octets of one message that have not left. */
interface Unsent {
  readonly leg: Leg;
  readonly credit: number;
  left: number;
}

/** Passes frames on as they come. */
class Streaming extends Many {
  readonly #unsent: Unsent[] = [];
  #begun = false;

  protected override message(
    leg: Leg,
    message: Uint8Array,
    credit: number,
  ): void {
    const suffix = hostnameField(leg.hostname);
    this.#send(leg, [message, suffix], credit);
  }

  protected override nodeDone(leg: Leg, status: Status | undefined): void {
    if (!status) return;
    this.#send(leg, [errorFrame(leg.hostname, status)], 0);
  }

  protected override allDone(): void {
    this.#begin();
    this.call.trailers(OK_TRAILERS);
  }

  protected override answerSent(bytes: number): void {
    let rest = bytes;
    while (rest > 0 && this.#unsent.length > 0) {
      const first = this.#unsent[0]!;
      const part = Math.min(rest, first.left);
      first.left -= part;
      rest -= part;
      if (first.left > 0) return;
      this.#unsent.shift();
      first.leg.consume(first.credit);
    }
  }

  #send(leg: Leg, parts: Uint8Array[], credit: number): void {
    if (this.call.done) return;
    this.#begin();
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const frame = concatBytes([messagePrefix(length), ...parts]);
    const queued = this.call.data(frame, false);
    if (queued === 0) leg.consume(credit);
    else this.#unsent.push({ leg, credit, left: queued });
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.call.headers(RESPONSE_HEAD, false);
  }
}
