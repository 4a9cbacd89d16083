/**
 * gRPC clients in the shapes of call.ts, on our own HTTP/2. A channel is one
 * target; it dials when the first call needs it and again after a loss. Every
 * failure is an RpcError, also one that never reached the peer (Unavailable).
 */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Fields } from "../http2/fields.ts";
import { LOCAL_LIMITS } from "../http2/limits.ts";
import { Upstream } from "../relay/upstream.ts";
import type { CallOptions, DuplexCall, ServiceClient } from "./call.ts";
import { ClientCall } from "./client_call.ts";
import { type ClientTls, dialTo, type Target, targetName } from "./dial.ts";
import { timeoutText } from "./messages.ts";
import { rpcError } from "./status.ts";

export type { ClientTls } from "./dial.ts";

/** Where to, and how. */
export interface ConnectOptions {
  readonly target: Target;
  /** Of no effect on a unix socket. */
  readonly tls?: ClientTls;
  /** Sent with every call. */
  readonly metadata?: CallOptions["metadata"];
  /** Longer answers are refused; 4 MiB as the peers of the seed. */
  readonly maxMessageBytes?: number;
}

/** One target with its connection. */
export interface Channel {
  readonly upstream: Upstream;
  readonly options: ConnectOptions;
  /** Ends the connection; running calls fail. */
  close(): void;
}

const MAX_MESSAGE_BYTES = 4 << 20;
/** A target that takes longer to accept a connection is unavailable. */
const DIAL_MS = 20_000;
const USER_AGENT = "grpc-talos/1";

/** Makes a channel; nothing is dialled yet. */
export function connect(options: ConnectOptions): Channel {
  const { target, tls } = options;
  const upstream = new Upstream({
    name: targetName(target),
    dial: dialTo(target, tls),
    limits: LOCAL_LIMITS,
    dialTimeoutMs: DIAL_MS,
  });
  return { upstream, options, close: () => upstream.close("channel closed") };
}

/** A typed client of one service. */
export function createClient<S extends DescService>(
  service: S,
  channel: Channel,
): ServiceClient<S> {
  const methods: Record<string, unknown> = {};
  for (const method of service.methods) {
    const call = CALLS[method.methodKind];
    methods[method.localName] = (request: Message, options?: CallOptions) =>
      call(channel, method, { request, ...options });
  }
  return methods as ServiceClient<S>;
}

// deno-lint-ignore no-explicit-any
type Message = any;
type Call = CallOptions & { readonly request: Message };

/** What a header may carry; others would break the peer's parser. */
const HEADER_VALUE = /^[\x20-\x7e]*$/;

function addMetadata(flat: string[], metadata: CallOptions["metadata"] = {}) {
  for (const [key, value] of Object.entries(metadata)) {
    for (const one of typeof value === "string" ? [value] : value) {
      if (!HEADER_VALUE.test(one) || !/^[a-z0-9_.-]+$/.test(key)) {
        throw rpcError("Internal", `metadata "${key}" is not printable ASCII`);
      }
      flat.push(key, one);
    }
  }
}

function requestFields(
  { options: { target, tls, metadata } }: Channel,
  method: DescMethod,
  call: Call,
): Fields {
  const flat = [
    ":method",
    "POST",
    ":scheme",
    tls && !("socket" in target) ? "https" : "http",
    ":path",
    `/${method.parent.typeName}/${method.name}`,
    ":authority",
    "socket" in target ? "localhost" : targetName(target),
    "te",
    "trailers",
    "content-type",
    "application/grpc",
    "user-agent",
    USER_AGENT,
  ];
  if (call.timeoutMs !== undefined) {
    flat.push("grpc-timeout", timeoutText(call.timeoutMs));
  }
  addMetadata(flat, { ...metadata, ...call.metadata });
  return new Fields(flat);
}

const CALLS = {
  unary: callUnary,
  server_streaming: callStream,
  bidi_streaming: callDuplex,
  client_streaming: callUpload,
} as const satisfies Record<DescMethod["methodKind"], unknown>;

function start(channel: Channel, method: DescMethod, call: Call): ClientCall {
  if (call.signal?.aborted) throw rpcError("Canceled", "context canceled");
  return new ClientCall({
    upstream: channel.upstream,
    fields: requestFields(channel, method, call),
    ...method.methodKind !== "client_streaming" && {
      message: encode(method, call.request),
    },
    bytesMax: channel.options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    open: method.methodKind !== "unary" &&
      method.methodKind !== "server_streaming",
    ...(call.signal && { signal: call.signal }),
    ...(call.timeoutMs !== undefined && { timeoutMs: call.timeoutMs }),
  });
}

async function callUnary(
  channel: Channel,
  method: DescMethod,
  options: Call,
): Promise<Message> {
  const call = start(channel, method, options);
  try {
    return decode(method, await call.only());
  } finally {
    call.cancel();
  }
}

/** Yields as the consumer asks; leaving the loop cancels the call. */
async function* callStream(
  channel: Channel,
  method: DescMethod,
  options: Call,
): AsyncGenerator<Message> {
  const call = start(channel, method, options);
  try {
    for (;;) {
      const message = await call.next();
      if (message === undefined) return;
      yield decode(method, message);
    }
  } finally {
    call.cancel();
  }
}

/** Sends the requests as the server takes them; an early answer ends that. */
async function callUpload(
  channel: Channel,
  method: DescMethod,
  options: Call,
): Promise<Message> {
  const call = start(channel, method, options);
  const sendAll = async () => {
    for await (const request of options.request) {
      if (call.over) return;
      await call.send(encode(method, request));
    }
    call.endRequests();
  };
  try {
    const answer = call.only();
    // Whichever fails first is told; the other's failure follows from it.
    answer.catch(() => {});
    await Promise.race([answer, sendAll()]);
    return decode(method, await answer);
  } finally {
    call.cancel();
  }
}

function callDuplex(
  channel: Channel,
  method: DescMethod,
  options: Call,
): DuplexCall<Message, Message> {
  const call = start(channel, method, options);
  return {
    send: (message) => void call.send(encode(method, message)),
    next: async () => {
      const message = await call.next();
      return message && decode(method, message);
    },
    cancel: () => call.cancel(),
  };
}

function encode({ input }: DescMethod, message: Message): Uint8Array {
  return toBinary(input, create(input, message));
}

function decode(method: DescMethod, message: Uint8Array): Message {
  try {
    return fromBinary(method.output, message);
  } catch {
    throw rpcError("Internal", `the answer is no ${method.output.typeName}`);
  }
}
