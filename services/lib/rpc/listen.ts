/**
 * Where a gRPC server listens: unix sockets and TCP ports, the TLS context
 * that rotates, the connections that are open. Nothing of calls.
 */
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer, type Server } from "node:tls";
import { AgentError, messageOf } from "../errors.ts";
import type { ServerConnection } from "../http2/server.ts";
import { prepareSocket } from "../net/unix_socket.ts";
import { tlsKey } from "../pki/pem.ts";
import { Door } from "../relay/listen.ts";
import { guardConnections, type GuardLimits } from "./connection_guard.ts";

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
  readonly door: Door;
  setTls(tls: ServerTls): void;
}

/** What {@linkcode listen} asks of a server. */
export interface ListenOptions {
  /** What peers of a TCP server may hold. */
  readonly limits: GuardLimits;
  readonly accept: (socket: Socket) => ServerConnection;
  readonly onError: (thrown: Error) => void;
}

/** A connection that says nothing is closed after this. */
const GREETING_MS = 10_000;
const KEEPALIVE_MS = 60_000;

function secureContext({ crt, key, clientCa }: ServerTls) {
  return {
    cert: crt,
    key: tlsKey(key),
    // Without client certificates nobody looks at the list.
    ca: clientCa ?? crt,
  };
}

function tlsServer(tls: ServerTls): Server {
  const server = createTlsServer({
    ...secureContext(tls),
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.2",
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: tls.clientCa !== undefined,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_MS,
  });
  // Scanners and strangers are not worth a line.
  server.on("tlsClientError", () => {});
  return server;
}

/** Listens. Fails with {@linkcode ListenError}. */
export async function listen(
  where: Listen,
  options: ListenOptions,
): Promise<Binding> {
  const tls = "host" in where ? where.tls : undefined;
  const secure = tls && tlsServer(tls);
  const server: NetServer = secure ?? createServer({
    noDelay: true,
    keepAlive: "host" in where,
    keepAliveInitialDelay: KEEPALIVE_MS,
  });
  const door = new Door({
    server,
    event: secure ? "secureConnection" : "connection",
    connectionsMax: options.limits.connections,
    greetingMs: GREETING_MS,
    accept: options.accept,
    onError: options.onError,
  });
  // After the door, which allows more connections than the guard.
  if ("host" in where) {
    guardConnections(server, options.limits, secure !== undefined);
  }
  try {
    if ("socket" in where) {
      await prepareSocket(where.socket);
      await door.listen({ path: where.socket });
    } else await door.listen({ host: where.host, port: where.port });
  } catch (cause) {
    const address = "socket" in where
      ? where.socket
      : `${
        where.host.includes(":") ? `[${where.host}]` : where.host
      }:${where.port}`;
    throw new ListenError(address, new Error(messageOf(cause)));
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port ?? 0 : 0,
    door,
    setTls: (next) => secure?.setSecureContext(secureContext(next)),
  };
}
