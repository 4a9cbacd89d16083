/**
 * One call of a server, from its headers to its status: pulls its requests,
 * writes answers no faster than the client takes them.
 */
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
import { Inbox } from "./inbox.ts";
import { frameMessage } from "./messages.ts";
import { Outflow } from "./outflow.ts";
import { Code, type RpcError, rpcError, type Status } from "./status.ts";

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
  /** The octets of its requests. */
  readonly requests: Inbox;
  readonly #stream: StreamHandle;
  readonly #abort = new AbortController();
  readonly #metadata: Map<string, string[]>;
  readonly #started = performance.now();
  readonly #outflow: Outflow;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #answered = false;
  #over = false;

  constructor({ stream, fields, peer, bytesMax }: RunningOptions) {
    this.#stream = stream;
    this.path = fields.get(":path") ?? "";
    this.peer = peer;
    this.#metadata = metadataOf(fields);
    this.#outflow = new Outflow(stream);
    const consume = (bytes: number) => stream.consume(bytes);
    this.requests = new Inbox({ bytesMax, consume });
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

  /** Whoever waits for the client is told `reason`. */
  abort(reason: Error): void {
    this.requests.drop(reason);
    this.#abort.abort(reason);
    this.#outflow.release();
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
      sent: (bytes) => this.#outflow.sent(bytes),
      closed: () => {
        this.#over = true;
        this.abort(rpcError("Canceled", "context canceled"));
      },
    };
  }

  /** Sends a message; resolves when the next one may come. */
  async send(message: Uint8Array): Promise<void> {
    if (!this.#answered) this.#stream.headers(RESPONSE_HEAD, false);
    this.#answered = true;
    await this.#outflow.send(frameMessage(message));
    this.signal.throwIfAborted();
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

  #onData(bytes: Uint8Array, end: boolean): void {
    try {
      this.requests.push(bytes);
    } catch (thrown) {
      // What the rest of the request is, is of no interest.
      return this.requests.drop(thrown as RpcError);
    }
    if (end) this.#onEnd();
  }

  #onEnd(): void {
    if (this.requests.between) return this.requests.finish();
    this.requests.drop(
      rpcError("Internal", "the request ends within a message"),
    );
  }
}
