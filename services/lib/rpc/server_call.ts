/**
 * One call of a server, from its headers to its status: reads the one request,
 * writes answers no faster than the client takes them.
 */
import { ErrorCode } from "../http2/constants.ts";
import type { Fields } from "../http2/fields.ts";
import type { StreamEvents, StreamHandle } from "../http2/stream.ts";
import {
  OK_TRAILERS,
  parseTimeout,
  RESPONSE_HEAD,
  statusOnly,
  statusTrailers,
} from "../relay/grpc_wire.ts";
import { accessLine } from "./access_log.ts";
import type { ServerCall } from "./call.ts";
import { frameMessage, MessageReader } from "./messages.ts";
import { Code, type RpcError, rpcError, type Status } from "./status.ts";

/** Octets that may wait for a slow client before its stream is not pulled. */
const UNSENT_MAX = 128 << 10;
/** What setTimeout can hold; a longer time-out is none. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Metadata as handlers and the log see it; binary values by their length. */
function metadataOf({ flat }: Fields): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!;
    if (
      name.startsWith(":") || name.startsWith("grpc-") || name === "te" ||
      name === "content-type"
    ) continue;
    const text = flat[i + 1]!;
    const value = name.endsWith("-bin") ? `<${text.length} bytes>` : text;
    const values = all.get(name);
    if (values) values.push(value);
    else all.set(name, [value]);
  }
  return all;
}

/** What a call is made of. */
export interface RunningOptions {
  readonly stream: StreamHandle;
  readonly fields: Fields;
  readonly peer: string;
  readonly bytesMax: number;
}

/** A call that runs. */
export class Running implements ServerCall {
  readonly path: string;
  readonly peer: string;
  /** Rejects with the reason of `signal` when that aborts. */
  readonly aborted: Promise<never>;
  /** The octets of the request, when it has come as a whole. */
  readonly request: Promise<Uint8Array>;
  readonly #stream: StreamHandle;
  readonly #abort = new AbortController();
  readonly #metadata: Map<string, string[]>;
  readonly #started = performance.now();
  readonly #reader: MessageReader;
  readonly #requests: Uint8Array[] = [];
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #gotRequest: (message: Uint8Array) => void = () => {};
  #badRequest: (error: RpcError) => void = () => {};
  #unsent = 0;
  #drained: (() => void) | undefined;
  #answered = false;
  #over = false;

  constructor({ stream, fields, peer, bytesMax }: RunningOptions) {
    this.#stream = stream;
    this.path = fields.get(":path") ?? "";
    this.peer = peer;
    this.#metadata = metadataOf(fields);
    this.#reader = new MessageReader(bytesMax);
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.aborted = promise;
    this.signal.addEventListener("abort", () => reject(this.signal.reason), {
      once: true,
    });
    this.request = new Promise((resolve, reject) => {
      this.#gotRequest = resolve;
      this.#badRequest = reject;
    });
    this.request.catch(() => {});
    const timeoutMs = parseTimeout(fields.get("grpc-timeout") ?? "");
    if (timeoutMs !== undefined && timeoutMs <= TIMER_MS_MAX) {
      this.#timer = setTimeout(
        () => this.abort(rpcError("DeadlineExceeded", "Deadline exceeded")),
        timeoutMs,
      );
    }
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  metadata(key: string): readonly string[] {
    return this.#metadata.get(key) ?? [];
  }

  /** What the stream is to tell; `end`: the request has no body. */
  events(end: boolean): StreamEvents {
    if (end) this.#onEnd();
    return {
      headers() {},
      data: (bytes, last) => this.#onData(bytes, last),
      trailers: () => this.#onEnd(),
      sent: (bytes) => this.#onSent(bytes),
      closed: () => {
        this.#over = true;
        this.#badRequest(rpcError("Canceled", "context canceled"));
        this.abort(rpcError("Canceled", "context canceled"));
      },
    };
  }

  /** Sends a message; resolves when the next one may come. */
  async send(message: Uint8Array): Promise<void> {
    if (!this.#answered) this.#stream.headers(RESPONSE_HEAD, false);
    this.#answered = true;
    this.#unsent += this.#stream.data(frameMessage(message), false);
    if (this.#unsent <= UNSENT_MAX) return;
    await Promise.race([
      new Promise<void>((resolve) => this.#drained = resolve),
      this.aborted,
    ]);
  }

  /** Ends the call, once; returns its log line. */
  finish(kind: "unary" | "stream", status: Status): string {
    clearTimeout(this.#timer);
    if (!this.#over) this.#end(status);
    this.#over = true;
    const { path } = this;
    const durationMs = performance.now() - this.#started;
    const metadata = Object.fromEntries(this.#metadata);
    return accessLine({ path, kind, durationMs, status, metadata });
  }

  #end(status: Status): void {
    if (!this.#answered && status.code !== Code.OK) {
      this.#stream.headers(statusOnly(status), true);
      return;
    }
    if (!this.#answered) this.#stream.headers(RESPONSE_HEAD, false);
    this.#stream.trailers(
      status.code === Code.OK ? OK_TRAILERS : statusTrailers(status),
    );
  }

  #onSent(bytes: number): void {
    this.#unsent -= bytes;
    if (this.#unsent > UNSENT_MAX) return;
    this.#drained?.();
    this.#drained = undefined;
  }

  #onData(bytes: Uint8Array, end: boolean): void {
    this.#stream.consume(bytes.length);
    try {
      this.#requests.push(...this.#reader.push(bytes));
      if (this.#requests.length > 1) {
        throw rpcError("Internal", "the request has more than one message");
      }
    } catch (thrown) {
      return this.#refuse(thrown as RpcError);
    }
    if (end) this.#onEnd();
  }

  #onEnd(): void {
    const [request] = this.#requests;
    if (request && this.#reader.between) this.#gotRequest(request);
    else this.#refuse(rpcError("Internal", "the request has no message"));
  }

  /** What the rest of the request is, is of no interest. */
  #refuse(error: RpcError): void {
    this.#requests.length = 0;
    this.#badRequest(error);
  }

  /** Cuts the stream without an answer. */
  reset(): void {
    this.#over = true;
    this.#stream.reset(ErrorCode.CANCEL);
  }
}
