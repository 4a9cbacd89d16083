/**
 * A gRPC server on a unix socket or a TCP port: handlers in the shapes of
 * call.ts on our own HTTP/2 (node:http2 of Deno 2.9 ends the process when a
 * client that made calls says GOAWAY). It logs every call, turns what handlers
 * throw into a status, and keeps a slow or vanished client from holding
 * anything.
 */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Socket } from "node:net";
import { orAborted } from "../abort.ts";
import { ErrorCode } from "../http2/constants.ts";
import { Fields } from "../http2/fields.ts";
import { LOCAL_LIMITS, NETWORK_LIMITS } from "../http2/limits.ts";
import { ServerConnection } from "../http2/server.ts";
import { socketTransport } from "../http2/socket_transport.ts";
import type { StreamEvents, StreamHandle } from "../http2/stream.ts";
import type { Logger } from "../log.ts";
import type { ServerCall, ServiceHandlers } from "./call.ts";
import { GUARD_LIMITS, type GuardLimits } from "./connection_guard.ts";
import { type Binding, type Listen, listen, type ServerTls } from "./listen.ts";
import { Running } from "./server_call.ts";
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
const GRACE_MS = 2_000;
/** The answers of calls that were cut leave within this. */
const CUT_MS = 50;

// deno-lint-ignore no-explicit-any
type Message = any;
type Handler = (request: Message, call: ServerCall) => unknown;

interface Route {
  readonly method: DescMethod;
  readonly handler: Handler | undefined;
}

const OK: Status = { code: Code.OK, message: "" };
const NO_POST = Fields.of([":status", "405"]);
const NO_GRPC = Fields.of([":status", "415"]);
const SILENT: StreamEvents = {
  headers() {},
  data() {},
  trailers() {},
  sent() {},
  closed() {},
};

/** The answer to a request that is no gRPC call. */
function refusal(fields: Fields): Fields | undefined {
  if (fields.get(":method") !== "POST") return NO_POST;
  const type = fields.get("content-type") ?? "";
  return /^application\/grpc($|[+;])/.test(type) ? undefined : NO_GRPC;
}

/** IPv4 in IPv6 is unwrapped; empty on a unix socket. */
function addressOf(socket: Socket): string {
  return (socket.remoteAddress ?? "").replace(/^::ffff:(?=[\d.]+$)/i, "");
}

/** Finds the handler of a call and runs it. */
class Dispatcher {
  readonly #options: ServeOptions;
  readonly #routes = new Map<string, Route>();
  readonly #running = new Set<Running>();

  constructor(options: ServeOptions) {
    this.#options = options;
    for (const [service, handlers] of options.services) {
      const table = handlers as Record<string, Handler | undefined>;
      for (const method of service.methods) {
        const handler = table[method.localName]?.bind(handlers);
        this.#routes.set(`/${service.typeName}/${method.name}`, {
          method,
          handler,
        });
      }
    }
  }

  /** Takes a request of `peer`. */
  take(
    stream: StreamHandle,
    { fields, end, peer }: { fields: Fields; end: boolean; peer: string },
  ): StreamEvents {
    const refused = refusal(fields);
    if (refused) {
      stream.headers(refused, true);
      return SILENT;
    }
    const bytesMax = this.#options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
    const call = new Running({ stream, fields, peer, bytesMax });
    const events = call.events(end);
    void this.#run(call);
    return events;
  }

  /** Answers every call that runs with Unavailable. */
  cut(): void {
    for (const call of this.#running) {
      call.abort(rpcError("Unavailable", "the server is stopping"));
    }
  }

  async #run(call: Running): Promise<void> {
    const route = this.#routes.get(call.path);
    const { methodKind = "unary" } = route?.method ?? {};
    const kind = methodKind === "unary" ? "unary" : "stream";
    let status = OK;
    this.#running.add(call);
    try {
      await this.#answer(call, route);
    } catch (thrown) {
      status = this.#failed(call, thrown);
    }
    this.#running.delete(call);
    this.#options.log.info(call.finish(kind, status));
  }

  async #answer(call: Running, route: Route | undefined): Promise<void> {
    if (!route) {
      throw rpcError("Unimplemented", `unknown method ${call.path}`);
    }
    const { method, handler } = route;
    const request = method.methodKind === "client_streaming"
      ? readRequests(method, call)
      : readRequest(method, await call.requests.only("request"));
    await this.#options.authorize?.(call);
    if (!handler) {
      throw rpcError("Unimplemented", `method ${method.name} not implemented`);
    }
    const answer = handler(request, call);
    const encode = (message: Message) =>
      toBinary(method.output, create(method.output, message));
    if (method.methodKind === "server_streaming") {
      await pump(answer as AsyncIterable<Message>, call, encode);
    } else {
      const message = await orAborted(Promise.resolve(answer), call.signal);
      await call.send(encode(message));
    }
  }

  #failed(call: ServerCall, thrown: unknown): Status {
    if (isProgrammerError(thrown)) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      this.#options.log.error(`${call.path} failed: ${stack ?? thrown}`);
    }
    return toStatus(thrown);
  }
}

/** The requests as the handler pulls them; it throws when the call ends. */
async function* readRequests(
  method: DescMethod,
  { requests }: Running,
): AsyncGenerator<Message> {
  for (;;) {
    const octets = await requests.next();
    if (octets === undefined) return;
    yield readRequest(method, octets);
  }
}

function readRequest(method: DescMethod, octets: Uint8Array): Message {
  try {
    return fromBinary(method.input, octets);
  } catch {
    throw rpcError("Internal", `the request is no ${method.input.typeName}`);
  }
}

/** Sends the messages of `from` as fast as the client takes them. */
async function pump(
  from: AsyncIterable<Message>,
  to: Running,
  encode: (message: Message) => Uint8Array,
): Promise<void> {
  const iterator = from[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), to.signal);
      if (next.done) return;
      await to.send(encode(next.value));
    }
  } finally {
    // Not awaited: a generator that waits for its next event would only end
    // when that comes. The signal of the call is what wakes it.
    iterator.return?.()?.catch?.(() => {});
  }
}

/** Open connections, each with the time when it was made. */
type Connections = Map<ServerConnection, number>;

/** Closes TCP connections that are idle or old; returns what ends that. */
function keepFresh(
  connections: Connections,
  { idleMs = IDLE_MS, ageMs = Infinity, graceMs = GRACE_MS }: ServeOptions,
): () => void {
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [connection, since] of connections) {
      const { streamCount, lastReceivedAt } = connection;
      const idle = streamCount === 0 && now - lastReceivedAt > idleMs;
      if (now - since > ageMs + graceMs) {
        connection.abort(ErrorCode.NO_ERROR, "the connection is too old");
      } else if (idle || now - since > ageMs) connection.shutdown();
    }
  }, Math.max(Math.min(idleMs, ageMs) / 4, 10));
  return () => clearInterval(timer);
}

/**
 * Starts serving. A unix socket's directory is made (0700) and a stale socket
 * is unlinked first.
 *
 * @throws {ListenError} when the address cannot be had.
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const dispatcher = new Dispatcher(options);
  const connections: Connections = new Map();
  const local = "socket" in options.listen;
  const limits = {
    ...local ? LOCAL_LIMITS : NETWORK_LIMITS,
    streamsMax: options.maxStreams ?? MAX_STREAMS,
  };
  const binding: Binding = await listen(options.listen, {
    limits: { ...GUARD_LIMITS, ...options.limits },
    onError: (thrown) => options.log.warn("listener", thrown),
    accept(socket) {
      const peer = addressOf(socket);
      const connection = new ServerConnection(socketTransport(socket), {
        limits,
        onClosed: () => connections.delete(connection),
        onRequest: (stream, fields, end) =>
          dispatcher.take(stream, { fields, end, peer }),
      });
      connections.set(connection, performance.now());
      return connection;
    },
  });
  const endFresh = local ? () => {} : keepFresh(connections, options);

  let stopped: Promise<void> | undefined;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => {
    stopped ??= shutDown(binding, dispatcher, options.graceMs ?? GRACE_MS)
      .then(endFresh).then(resolve);
    return stopped;
  };
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener("abort", stop, { once: true });
  const { port, setTls } = binding;
  return { port, setTls, stop, stopped: promise };
}

/** Ends connections once nothing runs on them, at the latest after `graceMs`. */
async function shutDown(
  { door }: Binding,
  dispatcher: Dispatcher,
  graceMs: number,
): Promise<void> {
  const timer = setTimeout(() => dispatcher.cut(), graceMs);
  await door.stop(graceMs + CUT_MS);
  clearTimeout(timer);
}
