/**
 * One call of a client, from its request to its status: messages are pulled,
 * and what is not pulled fills the peer's window and halts it.
 */
import { ErrorCode } from "../http2/constants.ts";
import type { Fields } from "../http2/fields.ts";
import type { StreamEvents, StreamHandle } from "../http2/stream.ts";
import { httpStatus, readStatus, resetStatus } from "../relay/grpc_wire.ts";
import type { Upstream } from "../relay/upstream.ts";
import { frameMessage, MessageReader } from "./messages.ts";
import { Code, fromStatus, type RpcError, rpcError } from "./status.ts";

/** What a call is made with. */
export interface ClientCallOptions {
  readonly upstream: Upstream;
  readonly fields: Fields;
  /** The request, or the first of several. */
  readonly message: Uint8Array;
  /** More may follow by {@linkcode ClientCall.send}. */
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
  readonly #reader: MessageReader;
  readonly #queue: Uint8Array[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #open: boolean;
  readonly #onAbort = () => this.#cut(rpcError("Canceled", "context canceled"));
  /** Received and not given back to the peer's window. */
  #unconsumed = 0;
  /** Set when the call is over: no error is a good end. */
  #end: { readonly error: RpcError | undefined } | undefined;
  #wake: (() => void) | undefined;

  constructor(options: ClientCallOptions) {
    const { signal, timeoutMs, open = false } = options;
    this.#open = open;
    this.#reader = new MessageReader(options.bytesMax);
    this.#signal = signal;
    this.#handle = options.upstream.request(
      options.fields,
      false,
      this.#events(),
    );
    this.#handle.data(frameMessage(options.message), !open);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (timeoutMs !== undefined && timeoutMs <= TIMER_MS_MAX) {
      this.#timer = setTimeout(
        () => this.#cut(rpcError("DeadlineExceeded", "Deadline exceeded")),
        timeoutMs,
      );
    }
  }

  /** The next message; undefined at a good end. @throws {RpcError} */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const message = this.#queue.shift();
      if (message) {
        this.#consume();
        return message;
      }
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** One more message of an open call; lost when the call is over. */
  send(message: Uint8Array): void {
    if (!this.#end) this.#handle.data(frameMessage(message), false);
  }

  /** Nobody wants the rest. */
  cancel(): void {
    this.#cut(rpcError("Canceled", "context canceled"));
  }

  #cut(error: RpcError): void {
    if (this.#end) return;
    this.#queue.length = 0;
    this.#finish(error);
    this.#handle.reset(ErrorCode.CANCEL);
  }

  #finish(error: RpcError | undefined): void {
    if (this.#end) return;
    this.#end = { error };
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
  }

  #events(): StreamEvents {
    return {
      headers: (fields, end) => this.#onHeaders(fields, end),
      data: (bytes, end) => this.#onData(bytes, end),
      trailers: (fields) => this.#onTrailers(fields),
      sent() {},
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
    if (this.#end) return;
    this.#unconsumed += bytes.length;
    try {
      this.#queue.push(...this.#reader.push(bytes));
    } catch (thrown) {
      return this.#cut(thrown as RpcError);
    }
    this.#consume();
    if (end) this.#cut(rpcError("Internal", "the answer has no status"));
    else if (this.#queue.length > 0) this.#wake?.();
  }

  #onTrailers(fields: Fields): void {
    const status = readStatus(fields) ?? httpStatus(fields) ??
      { code: Code.Internal, message: "the answer has no status" };
    const torn = status.code === Code.OK && !this.#reader.between;
    this.#finish(
      torn
        ? rpcError("Internal", "the answer ends within a message")
        : fromStatus(status),
    );
    // The peer has said its last word; nothing of ours follows.
    if (this.#open) this.#handle.reset(ErrorCode.CANCEL);
  }

  /** A message that is not complete may not wait for a window of its own. */
  #consume(): void {
    if (this.#queue.length > 0 || this.#unconsumed === 0) return;
    this.#handle.consume(this.#unconsumed);
    this.#unconsumed = 0;
  }
}
