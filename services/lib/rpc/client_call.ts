/**
 * One call of a client, from its request to its status: messages are pulled,
 * and what is not pulled fills the peer's window and halts it.
 */
import { ErrorCode } from "../http2/constants.ts";
import type { Fields } from "../http2/fields.ts";
import type { StreamEvents, StreamHandle } from "../http2/stream.ts";
import { httpStatus, readStatus, resetStatus } from "../relay/grpc_wire.ts";
import type { Upstream } from "../relay/upstream.ts";
import { Inbox } from "./inbox.ts";
import { frameMessage } from "./messages.ts";
import { Outflow } from "./outflow.ts";
import { Code, fromStatus, type RpcError, rpcError } from "./status.ts";

/** What a call is made with. */
export interface ClientCallOptions {
  readonly upstream: Upstream;
  readonly fields: Fields;
  /** The request, or the first of several that are there at once. */
  readonly message?: Uint8Array;
  /** More follow by {@linkcode ClientCall.send}. */
  readonly open?: boolean;
  /** Longer messages are refused. */
  readonly bytesMax: number;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** What setTimeout can hold; a longer time-out is none. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Pulls the messages of one call. */
export class ClientCall {
  readonly #handle: StreamHandle;
  readonly #inbox: Inbox;
  readonly #outflow: Outflow;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #open: boolean;
  readonly #onAbort = () => this.#cut(rpcError("Canceled", "context canceled"));

  constructor(options: ClientCallOptions) {
    const { signal, timeoutMs, bytesMax, message, open = false } = options;
    this.#open = open;
    const consume = (bytes: number) => this.#handle.consume(bytes);
    this.#inbox = new Inbox({ bytesMax, consume });
    this.#signal = signal;
    this.#handle = options.upstream.request(
      options.fields,
      false,
      this.#events(),
    );
    this.#outflow = new Outflow(this.#handle);
    if (message) this.#handle.data(frameMessage(message), !open);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (timeoutMs !== undefined && timeoutMs <= TIMER_MS_MAX) {
      this.#timer = setTimeout(
        () => this.#cut(rpcError("DeadlineExceeded", "Deadline exceeded")),
        timeoutMs,
      );
    }
  }

  /** It is over: nothing that is sent has an effect. */
  get over(): boolean {
    return this.#inbox.ended;
  }

  /** The next message; undefined at a good end. @throws {RpcError} */
  next(): Promise<Uint8Array | undefined> {
    return this.#inbox.next();
  }

  /** The one message of the answer, at its end. @throws {RpcError} */
  only(): Promise<Uint8Array> {
    return this.#inbox.only("answer");
  }

  /**
   * One more message of an open call; lost when the call is over. Resolves when
   * the next one may come.
   */
  async send(message: Uint8Array): Promise<void> {
    if (!this.over) await this.#outflow.send(frameMessage(message));
  }

  /** No more messages follow in an open call. */
  endRequests(): void {
    if (!this.over) this.#handle.data(new Uint8Array(0), true);
  }

  /** Nobody wants the rest. */
  cancel(): void {
    this.#cut(rpcError("Canceled", "context canceled"));
  }

  #cut(error: RpcError): void {
    if (this.over) return;
    this.#inbox.drop(error);
    this.#finish(error);
    this.#handle.reset(ErrorCode.CANCEL);
  }

  #finish(error: RpcError | undefined): void {
    this.#inbox.finish(error);
    this.#outflow.release();
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  #events(): StreamEvents {
    return {
      headers: (fields, end) => this.#onHeaders(fields, end),
      data: (bytes, end) => this.#onData(bytes, end),
      trailers: (fields) => this.#onTrailers(fields),
      sent: (bytes) => this.#outflow.sent(bytes),
      closed: (code, reason) => {
        this.#finish(fromStatus(resetStatus(code, reason)));
      },
    };
  }

  #onHeaders(fields: Fields, end: boolean): void {
    const status = httpStatus(fields);
    if (end) return this.#onTrailers(fields);
    const type = fields.get("content-type") ?? "";
    if (status) return this.#cut(fromStatus(status)!);
    if (!type.startsWith("application/grpc")) {
      this.#cut(rpcError("Unknown", `the answer is of the type "${type}"`));
    }
  }

  #onData(bytes: Uint8Array, end: boolean): void {
    if (this.over) return;
    try {
      this.#inbox.push(bytes);
    } catch (thrown) {
      return this.#cut(thrown as RpcError);
    }
    if (end) this.#cut(rpcError("Internal", "the answer has no status"));
  }

  #onTrailers(fields: Fields): void {
    const status = readStatus(fields) ?? httpStatus(fields) ??
      { code: Code.Internal, message: "the answer has no status" };
    const torn = status.code === Code.OK && !this.#inbox.between;
    this.#finish(
      torn
        ? rpcError("Internal", "the answer ends within a message")
        : fromStatus(status),
    );
    // The peer has said its last word; nothing of ours follows.
    if (this.#open) this.#handle.reset(ErrorCode.CANCEL);
  }
}
