/**
 * Where a gRPC server listens: makes and cleans unix sockets, binds ports,
 * holds the TLS context that rotates. Nothing of calls.
 */
import { Buffer } from "node:buffer";
import { lstat, mkdir, unlink } from "node:fs/promises";
import type { Http2Session } from "node:http2";
import type { Server as NetServer } from "node:net";
import { dirname } from "node:path";
import { AgentError, messageOf } from "../errors.ts";
import { tlsKey } from "../pki/pem.ts";
import { guardConnections, type GuardLimits } from "./connection_guard.ts";
import { grpc } from "./grpc.ts";

/** PEM texts of a TLS server. */
export interface ServerTls {
  readonly crt: string;
  readonly key: string;
  /** Clients must show a certificate of this CA; absent: none is asked for. */
  readonly clientCa?: string;
}

/** A unix socket, or a TCP address. */
export type Listen =
  | { readonly socket: string }
  | {
    /** An IP address; `::` takes IPv4 too. */
    readonly host: string;
    /** 0 chooses one. */
    readonly port: number;
    readonly tls?: ServerTls;
  };

/** An address that could not be had. */
export class ListenError extends AgentError<
  { readonly kind: "listen"; readonly address: string }
> {
  override name = "ListenError";

  constructor(address: string, cause: unknown) {
    super(
      { kind: "listen", address },
      `Cannot listen on "${address}"`,
      { cause },
    );
  }
}

/** What {@linkcode listen} returns. */
export interface Binding {
  readonly port: number;
  setTls(tls: ServerTls): void;
}

/** TLS credentials whose certificate can be replaced while they serve. */
interface RotatingCredentials {
  updateSecureContextOptions(options: Record<string, unknown>): void;
}

/**
 * Deno serves plain HTTP/2 when the list of CAs is there but undefined, as
 * grpc-js passes it; without client certificates nobody looks at the list.
 */
function caOf(tls: ServerTls): Buffer {
  return Buffer.from(tls.clientCa ?? tls.crt);
}

function createCredentials(tls: ServerTls): grpc.ServerCredentials {
  return grpc.ServerCredentials.createSsl(
    caOf(tls),
    [{
      cert_chain: Buffer.from(tls.crt),
      private_key: Buffer.from(tlsKey(tls.key)),
    }],
    tls.clientCa !== undefined,
  );
}

/** Unlinks a socket that nobody removed; anything else in its place stays. */
async function prepareSocket(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket()) await unlink(path);
}

/** A listener of node with its connections, as grpc-js keeps them. */
type Http2Servers = Map<NetServer, { readonly sessions: Set<Http2Session> }>;

/** grpc-js has no public door to its listeners. */
function http2Servers(server: grpc.Server): Http2Servers {
  const { http2Servers } = server as unknown as { http2Servers?: unknown };
  return http2Servers instanceof Map ? http2Servers : new Map();
}

/**
 * Ends all connections at once. `forceShutdown` of grpc-js does not, when its
 * channelz is off: it looks for sessions where they are not kept then.
 */
export function cutSessions(server: grpc.Server): void {
  for (const { sessions } of http2Servers(server).values()) {
    for (const session of [...sessions]) session.destroy();
  }
}

function bindAsync(
  server: grpc.Server,
  address: string,
  credentials: grpc.ServerCredentials,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}

/** Binds `server`. Fails with {@linkcode ListenError}. */
export async function listen(
  server: grpc.Server,
  where: Listen,
  limits: GuardLimits,
): Promise<Binding> {
  const insecure = grpc.ServerCredentials.createInsecure();
  if ("socket" in where) {
    try {
      await prepareSocket(where.socket);
      await bindAsync(server, `unix:${where.socket}`, insecure);
    } catch (cause) {
      throw new ListenError(where.socket, cause);
    }
    return { port: 0, setTls: () => {} };
  }
  const host = where.host.includes(":") ? `[${where.host}]` : where.host;
  const address = `${host}:${where.port}`;
  const credentials = where.tls ? createCredentials(where.tls) : insecure;
  try {
    const port = await bindAsync(server, address, credentials);
    for (const listener of http2Servers(server).keys()) {
      guardConnections(listener, limits, where.tls !== undefined);
    }
    return { port, setTls: (tls) => rotate(credentials, tls) };
  } catch (cause) {
    throw new ListenError(address, new Error(messageOf(cause)));
  }
}

function rotate(credentials: grpc.ServerCredentials, tls: ServerTls) {
  (credentials as unknown as RotatingCredentials).updateSecureContextOptions({
    ca: [caOf(tls)],
    cert: [Buffer.from(tls.crt)],
    key: [Buffer.from(tlsKey(tls.key))],
  });
}
