/**
 * One call in, one call out: header lists, octets and trailers pass through
 * unchanged in both directions. What one side cannot send yet is not taken
 * from the other: a slow reader slows its writer, and nobody in between grows.
 */
import { ErrorCode } from "../http2/constants.ts";
import type { Fields } from "../http2/fields.ts";
import type { StreamEvents, StreamHandle } from "../http2/stream.ts";
import { resetStatus } from "./grpc_wire.ts";
import type { IncomingCall } from "./incoming_call.ts";
import type { Upstream } from "./upstream.ts";

/** What one relayed call goes to. */
export interface Route {
  readonly upstream: Upstream;
  /** The header list for it. */
  readonly fields: Fields;
  readonly timeoutMs: number | undefined;
}

/** Sends `call` to `route`; returns what its stream shall tell. */
export function relayOne(
  call: IncomingCall,
  route: Route,
  end: boolean,
): StreamEvents {
  const relay = new OneToOne(call);
  relay.start(route, end);
  return relay;
}

/** Told by the client's stream; its `back` by the stream to the backend. */
class OneToOne implements StreamEvents {
  readonly #call: IncomingCall;
  #out!: StreamHandle;

  constructor(call: IncomingCall) {
    this.#call = call;
  }

  start(route: Route, end: boolean): void {
    const back = new Back(this.#call);
    const out = route.upstream.request(route.fields, end, back);
    this.#out = back.out = out;
    this.#call.watch(route.timeoutMs, {
      onEnd: () => out.reset(ErrorCode.CANCEL),
    });
  }

  headers(): void {}

  data(bytes: Uint8Array, end: boolean): void {
    const queued = this.#out.data(bytes, end);
    this.#call.stream.consume(bytes.length - queued);
  }

  trailers(): void {
    this.#out.data(NOTHING, true);
  }

  sent(bytes: number): void {
    this.#out.consume(bytes);
  }

  closed(): void {
    this.#call.cancelled();
  }
}

const NOTHING = new Uint8Array(0);

class Back implements StreamEvents {
  readonly #call: IncomingCall;
  out!: StreamHandle;

  constructor(call: IncomingCall) {
    this.#call = call;
  }

  headers(fields: Fields, end: boolean): void {
    this.#call.headers(fields, end);
  }

  data(bytes: Uint8Array, end: boolean): void {
    const queued = this.#call.data(bytes, end);
    this.out.consume(bytes.length - queued);
  }

  trailers(fields: Fields): void {
    this.#call.trailers(fields);
  }

  sent(bytes: number): void {
    this.#call.stream.consume(bytes);
  }

  closed(code: number, reason: string): void {
    this.#call.fail(resetStatus(code, reason));
  }
}
