/**
 * gRPC clients in the shapes of call.ts, on grpc-js. A channel is one target;
 * it dials when the first call needs it and again after a loss. Every failure
 * is an RpcError, also one that never reached the peer (Unavailable).
 */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { checkServerIdentity, createSecureContext } from "node:tls";
import { tlsKey } from "../pki/pem.ts";
import type { CallOptions, ServiceClient } from "./call.ts";
import { grpc } from "./grpc.ts";
import { Code, RpcError, rpcError } from "./status.ts";

/** How a client trusts and shows itself; PEM texts. */
export interface ClientTls {
  /** The server's certificate must be of this CA. */
  readonly ca?: string;
  /** The client's own certificate, with its key. */
  readonly crt?: string;
  readonly key?: string;
  /** The name or address that the server's certificate must carry; else the host. */
  readonly serverName?: string;
  /** Accepts any certificate: only where nothing could be verified against. */
  readonly insecure?: boolean;
}

/** Where to, and how. */
export interface ConnectOptions {
  readonly target:
    | { readonly socket: string }
    | { readonly host: string; readonly port: number };
  readonly tls?: ClientTls;
  /** Sent with every call. */
  readonly metadata?: CallOptions["metadata"];
  readonly maxMessageBytes?: number;
}

/** One target with its connection. */
export interface Channel {
  readonly grpc: grpc.Client;
  readonly metadata: NonNullable<CallOptions["metadata"]>;
  /** Ends the connection; running calls fail. */
  close(): void;
}

/** Sent as server name where the target is an address, which TLS cannot name. */
const NAME_FOR_ADDRESSES = "node.talos.internal";

/** The verification of names is ours: an address is looked up in the IP SANs. */
function createCredentials(tls: ClientTls, host: string) {
  const context = createSecureContext({
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.crt !== undefined && { cert: tls.crt }),
    ...(tls.key !== undefined && { key: tlsKey(tls.key) }),
    minVersion: "TLSv1.2",
  });
  const expected = tls.serverName ?? host;
  return grpc.credentials.createFromSecureContext(context, {
    checkServerIdentity: (_, certificate) =>
      tls.insecure ? undefined : checkServerIdentity(expected, certificate),
    rejectUnauthorized: !tls.insecure,
  });
}

/** Makes a channel; nothing is dialled yet. */
export function connect(options: ConnectOptions): Channel {
  const { target, tls } = options;
  const host = "socket" in target ? "localhost" : target.host;
  const address = "socket" in target
    ? `unix:${target.socket}`
    : isIP(target.host)
    ? `${
      isIP(target.host) === 6 ? `ipv6:[${host}]` : `ipv4:${host}`
    }:${target.port}`
    : `dns:${target.host}:${target.port}`;
  const name = tls?.serverName ?? host;
  const client = new grpc.Client(
    address,
    tls ? createCredentials(tls, host) : grpc.credentials.createInsecure(),
    {
      "grpc.max_receive_message_length": options.maxMessageBytes ?? 4 << 20,
      "grpc.max_send_message_length": -1,
      "grpc.enable_http_proxy": 0,
      "grpc.enable_retries": 0,
      "grpc.enable_channelz": 0,
      "grpc.service_config_disable_resolution": 1,
      // A connection belongs to its channel: closing one must end the other,
      // and rotated certificates must not find an old connection.
      "grpc.use_local_subchannel_pool": 1,
      ...("host" in target &&
        { "grpc.default_authority": authorityOf(host, target.port) }),
      ...(tls &&
        {
          "grpc.ssl_target_name_override": isIP(name)
            ? NAME_FOR_ADDRESSES
            : name,
        }),
    },
  );
  return {
    grpc: client,
    metadata: options.metadata ?? {},
    close: () => client.close(),
  };
}

function authorityOf(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** A typed client of one service. */
export function createClient<S extends DescService>(
  service: S,
  channel: Channel,
): ServiceClient<S> {
  const methods: Record<string, unknown> = {};
  for (const method of service.methods) {
    methods[method.localName] = method.methodKind === "server_streaming"
      ? (request: Message, options?: CallOptions) =>
        callStream(channel, method, request, options)
      : (request: Message, options?: CallOptions) =>
        callUnary(channel, method, request, options);
  }
  return methods as ServiceClient<S>;
}

// deno-lint-ignore no-explicit-any
type Message = any;

function toError(error: grpc.ServiceError | Error): RpcError {
  if (error instanceof RpcError) return error;
  const { code, details } = error as Partial<grpc.ServiceError>;
  return new RpcError(
    typeof code === "number" ? code : Code.Unknown,
    details ?? error.message,
  );
}

/** Path, codecs, metadata and deadline of one call. */
function prepare(channel: Channel, method: DescMethod, options: CallOptions) {
  const metadata = new grpc.Metadata();
  for (
    const [key, value] of Object.entries({
      ...channel.metadata,
      ...options.metadata,
    })
  ) {
    for (const one of typeof value === "string" ? [value] : value) {
      metadata.add(key, one);
    }
  }
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    encode: (message: Message) =>
      Buffer.from(toBinary(method.input, create(method.input, message))),
    decode: (bytes: Buffer) => fromBinary(method.output, bytes),
    metadata,
    options: options.timeoutMs === undefined
      ? {}
      : { deadline: Date.now() + options.timeoutMs },
  };
}

const CANCELED = "context canceled";

function callUnary(
  channel: Channel,
  method: DescMethod,
  request: Message,
  options: CallOptions = {},
): Promise<Message> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(rpcError("Canceled", CANCELED));
    const prepared = prepare(channel, method, options);
    const cancel = () => call.cancel();
    const call = channel.grpc.makeUnaryRequest(
      prepared.path,
      prepared.encode,
      prepared.decode,
      request,
      prepared.metadata,
      prepared.options,
      (error, answer) => {
        signal?.removeEventListener("abort", cancel);
        if (error) reject(toError(error));
        else resolve(answer);
      },
    );
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

/** Yields as the consumer asks; leaving the loop cancels the call. */
async function* callStream(
  channel: Channel,
  method: DescMethod,
  request: Message,
  options: CallOptions = {},
): AsyncGenerator<Message> {
  const { signal } = options;
  if (signal?.aborted) throw rpcError("Canceled", CANCELED);
  const prepared = prepare(channel, method, options);
  const call = channel.grpc.makeServerStreamRequest(
    prepared.path,
    prepared.encode,
    prepared.decode,
    request,
    prepared.metadata,
    prepared.options,
  );
  // A status that arrives after the last read has no other listener.
  call.on("error", () => {});
  const cancel = () => call.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for await (const message of call) yield message;
  } catch (thrown) {
    throw toError(thrown as Error);
  } finally {
    signal?.removeEventListener("abort", cancel);
    call.cancel();
  }
}
