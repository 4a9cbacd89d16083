/**
 * A gRPC server on a unix socket or a TCP port: binds handlers in the shapes of
 * call.ts to grpc-js. It logs every call, turns what handlers throw into a
 * status, and keeps a slow or vanished client from holding anything.
 */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Buffer } from "node:buffer";
import type { Logger } from "../log.ts";
import { accessLine } from "./access_log.ts";
import type { ServerCall, ServiceHandlers } from "./call.ts";
import { GUARD_LIMITS, type GuardLimits } from "./connection_guard.ts";
import { grpc } from "./grpc.ts";
import {
  type Binding,
  cutSessions,
  type Listen,
  listen,
  type ServerTls,
} from "./listen.ts";
import {
  Code,
  isProgrammerError,
  rpcError,
  type Status,
  toStatus,
} from "./status.ts";

export type { Listen, ServerTls } from "./listen.ts";

/** A service with its handlers; {@linkcode bind} makes one that type-checks. */
export type BoundService = readonly [DescService, ServiceHandlers<DescService>];

/** Pairs a service with handlers of its own methods. */
export function bind<S extends DescService>(
  service: S,
  handlers: ServiceHandlers<S>,
): BoundService {
  return [service, handlers as unknown as ServiceHandlers<DescService>];
}

/** Called before the handler of every call; what it throws is the answer. */
export type Authorize = (call: ServerCall) => void | Promise<void>;

/** What {@linkcode serve} needs. */
export interface ServeOptions {
  readonly listen: Listen;
  readonly services: readonly BoundService[];
  readonly log: Logger;
  readonly authorize?: Authorize;
  /** Stops the server when it aborts. */
  readonly signal?: AbortSignal;
  /** Messages that are longer are refused; 4 MiB as the peers of the seed. */
  readonly maxMessageBytes?: number;
  /** Streams that one connection may have open. */
  readonly maxStreams?: number;
  /** What peers of a TCP server may hold; see connection_guard.ts. */
  readonly limits?: Partial<GuardLimits>;
  /** A TCP connection without a call is closed after this. */
  readonly idleMs?: number;
  /** A TCP connection is renewed after this, also one whose calls never end. */
  readonly ageMs?: number;
  /** How long {@linkcode Server.stop} waits for running calls. */
  readonly graceMs?: number;
}

/** A running server. */
export interface Server {
  /** The TCP port; 0 on a unix socket. */
  readonly port: number;
  /** New connections get this certificate; those that are open stay. */
  setTls(tls: ServerTls): void;
  /** Accepts nothing new, waits for running calls, then cuts the rest. */
  stop(): Promise<void>;
  /** Resolves when the server has stopped. */
  readonly stopped: Promise<void>;
}

const MAX_MESSAGE_BYTES = 4 << 20;
const MAX_STREAMS = 256;
const IDLE_MS = 600_000;
/** Between looks at whether a silent TCP peer is still there. */
const KEEPALIVE_MS = 60_000;
const GRACE_MS = 2_000;
const CUT_MS = 50;

// deno-lint-ignore no-explicit-any
type Message = any;
type Handler = (request: Message, call: ServerCall) => unknown;
type UnaryCall = grpc.ServerUnaryCall<Message, Message>;
type StreamCall = grpc.ServerWritableStream<Message, Message>;

/**
 * Values of metadata as text; binary values are shown by their length. node
 * joins the values of a key that came more than once by ", ".
 */
function metadataOf(metadata: grpc.Metadata): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const key of Object.keys(metadata.getMap())) {
    all[key] = metadata.get(key).flatMap((value) =>
      typeof value === "string"
        ? value.split(", ")
        : [`<${value.length} bytes>`]
    );
  }
  return all;
}

/** The address in `10.5.0.3:4711` or `[::1]:4711`; IPv4 in IPv6 is unwrapped. */
function addressOf(peer: string): string {
  const address = /^(.*):\d+$/.exec(peer)?.[1] ?? "";
  return address.replace(/^\[|\]$/g, "").replace(/^::ffff:(?=[\d.]+$)/i, "");
}

/** One call from its start to its log line. */
class Running implements ServerCall {
  readonly path: string;
  readonly peer: string;
  /** Rejects with the reason of `signal` when that aborts. */
  readonly aborted: Promise<never>;
  readonly #abort = new AbortController();
  readonly #metadata: Record<string, string[]>;
  readonly #started = performance.now();

  constructor(path: string, call: UnaryCall | StreamCall) {
    this.path = path;
    this.peer = addressOf(call.getPeer());
    this.#metadata = metadataOf(call.metadata);
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.aborted = promise;
    this.signal.addEventListener("abort", () => reject(this.signal.reason));
    // grpc-js says "cancelled" for a cancel, a deadline and a lost connection,
    // and also after an ordinary end, when nobody listens any more.
    (call as UnaryCall).on("cancelled", () => {
      const late = Number(call.getDeadline()) <= Date.now();
      this.abort(
        late
          ? rpcError("DeadlineExceeded", "Deadline exceeded")
          : rpcError("Canceled", "context canceled"),
      );
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  metadata(key: string): readonly string[] {
    return Object.hasOwn(this.#metadata, key) ? this.#metadata[key]! : [];
  }

  /** The log line of a call that is over. */
  line(kind: "unary" | "stream", status: Status): string {
    const { path } = this;
    const durationMs = performance.now() - this.#started;
    const metadata = this.#metadata;
    return accessLine({ path, kind, durationMs, status, metadata });
  }
}

const OK: Status = { code: Code.OK, message: "" };

/** Sends the messages of `from` as fast as the client takes them. */
async function pump(
  from: AsyncIterable<Message>,
  to: StreamCall,
  encode: (message: Message) => Message,
  aborted: Promise<never>,
): Promise<void> {
  const iterator = from[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) return;
      if (!to.write(encode(next.value))) {
        const drained = new Promise<void>((done) => to.once("drain", done));
        await Promise.race([drained, aborted]);
      }
    }
  } finally {
    // Not awaited: a generator that waits for its next event would only end
    // when that comes. The signal of the call is what wakes it.
    iterator.return?.()?.catch?.(() => {});
  }
}

/** Makes grpc-js handlers out of ours. */
class Dispatcher {
  readonly #options: ServeOptions;
  readonly #running = new Set<Running>();

  constructor(options: ServeOptions) {
    this.#options = options;
  }

  register(server: grpc.Server, [service, handlers]: BoundService) {
    const table = handlers as Record<string, Handler | undefined>;
    for (const method of service.methods) {
      const path = `/${service.typeName}/${method.name}`;
      const handler = table[method.localName]?.bind(handlers);
      const handle = method.methodKind === "server_streaming"
        ? this.#stream(path, method, handler)
        : this.#unary(path, method, handler);
      server.register(
        path,
        handle as never,
        (message: Message) => Buffer.from(toBinary(method.output, message)),
        (bytes: Buffer) => fromBinary(method.input, bytes),
        method.methodKind === "server_streaming" ? "serverStream" : "unary",
      );
    }
  }

  async #admit(call: ServerCall, method: DescMethod, handler?: Handler) {
    await this.#options.authorize?.(call);
    if (handler) return handler;
    throw rpcError("Unimplemented", `method ${method.name} not implemented`);
  }

  #failed(call: ServerCall, thrown: unknown): Status {
    if (isProgrammerError(thrown)) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      this.#options.log.error(`${call.path} failed: ${stack ?? thrown}`);
    }
    return toStatus(thrown);
  }

  /** Runs one call; `work` answers it, `refuse` answers when that fails. */
  async #run(
    call: Running,
    kind: "unary" | "stream",
    work: () => Promise<void>,
    refuse: (status: { code: number; details: string }) => void,
  ) {
    let status = OK;
    this.#running.add(call);
    try {
      await work();
    } catch (thrown) {
      status = this.#failed(call, thrown);
      refuse({ code: status.code, details: status.message });
    }
    this.#running.delete(call);
    this.#options.log.info(call.line(kind, status));
  }

  #unary(path: string, method: DescMethod, handler?: Handler) {
    return (call: UnaryCall, reply: grpc.sendUnaryData<Message>) => {
      const running = new Running(path, call);
      return this.#run(running, "unary", async () => {
        const run = await this.#admit(running, method, handler);
        const answer = run(call.request, running) as Message;
        const message = await Promise.race([answer, running.aborted]);
        reply(null, create(method.output, message));
      }, (status) => reply(status));
    };
  }

  #stream(path: string, method: DescMethod, handler?: Handler) {
    return (call: StreamCall) => {
      const running = new Running(path, call);
      return this.#run(running, "stream", async () => {
        const run = await this.#admit(running, method, handler);
        const answers = run(call.request, running) as AsyncIterable<Message>;
        const encode = (message: Message) => create(method.output, message);
        await pump(answers, call, encode, running.aborted);
        call.end();
      }, (status) => call.emit("error", status));
    };
  }

  /** Answers every call that runs with Unavailable. */
  cut() {
    for (const call of this.#running) {
      call.abort(rpcError("Unavailable", "the server is stopping"));
    }
  }
}

/** Ends connections once nothing runs on them, at the latest after `graceMs`. */
function shutDown(
  server: grpc.Server,
  dispatcher: Dispatcher,
  graceMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      dispatcher.cut();
      // The answers of what was cut leave before the connections end.
      setTimeout(() => cutSessions(server), CUT_MS);
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Starts serving. A unix socket's directory is made (0700) and a stale socket
 * is unlinked first.
 *
 * @throws {ListenError} when the address cannot be had.
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const max = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
  const server = new grpc.Server({
    "grpc.max_receive_message_length": max,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": options.maxStreams ?? MAX_STREAMS,
    ..."host" in options.listen && {
      "grpc.max_connection_idle_ms": options.idleMs ?? IDLE_MS,
      "grpc.keepalive_time_ms": KEEPALIVE_MS,
      ...options.ageMs !== undefined && {
        "grpc.max_connection_age_ms": options.ageMs,
        "grpc.max_connection_age_grace_ms": options.graceMs ?? GRACE_MS,
      },
    },
    // Its book-keeping of sockets and calls is kept for nobody.
    "grpc.enable_channelz": 0,
  });
  const dispatcher = new Dispatcher(options);
  for (const service of options.services) dispatcher.register(server, service);
  const binding: Binding = await listen(server, options.listen, {
    ...GUARD_LIMITS,
    ...options.limits,
  });

  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  let stopping = false;
  const stop = () => {
    if (!stopping) {
      stopping = true;
      shutDown(server, dispatcher, options.graceMs ?? GRACE_MS).then(resolve);
    }
    return stopped;
  };
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener("abort", stop, { once: true });
  return { port: binding.port, setTls: binding.setTls, stop, stopped };
}
