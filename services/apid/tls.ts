/** The TLS edges of apid: its listener on :50000, and dialling other nodes. */
import { isIP } from "node:net";
import {
  connect,
  type ConnectionOptions,
  createServer,
  type Server,
  type TLSSocket,
} from "node:tls";
import { socketTransport } from "#lib/http2/socket_transport.ts";
import type { Transport } from "#lib/http2/transport.ts";
import type { Resolve } from "#lib/net/resolve.ts";
import { organizationsOf, tlsKey } from "#lib/pki/mod.ts";
import type { Dial } from "#lib/relay/upstream.ts";
import { GUARD_LIMITS, guardConnections } from "#lib/rpc/connection_guard.ts";
import { rolesOfOrganizations } from "#lib/rpc/roles.ts";
import type { Identity } from "#lib/worker/protocol.ts";
import type { Peer } from "./plan.ts";
import type { Target } from "./targets.ts";

const KEEPALIVE_MS = 15_000;

/**
 * Offered in this order. Deno's TLS does not refuse other curves, whatever
 * `ecdhCurve` says.
 */
const COMMON = {
  ALPNProtocols: ["h2"],
  minVersion: "TLSv1.2" as const,
  ecdhCurve: "X25519:P-256",
};

function secureContext({ ca, crt, key }: Identity) {
  return { ca, cert: crt, key: tlsKey(key) };
}

/** A listener that wants a certificate of the machine CA from each client. */
export function createFront(
  identity: Identity,
  onHandshakeError: (thrown: Error) => void,
): Server {
  const server = createServer({
    ...COMMON,
    ...secureContext(identity),
    requestCert: true,
    rejectUnauthorized: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_MS,
  });
  server.on("tlsClientError", onHandshakeError);
  guardConnections(server, GUARD_LIMITS, true);
  return server;
}

/** New connections get `identity`; those that are open stay. */
export function rotateFront(server: Server, identity: Identity): void {
  server.setSecureContext(secureContext(identity));
}

/** Who is at the other end; undefined unless it speaks HTTP/2. */
export function peerOf(socket: TLSSocket): Peer | undefined {
  if (socket.alpnProtocol !== "h2") return undefined;
  const { raw } = socket.getPeerCertificate();
  return { roles: rolesOfOrganizations(organizationsOf(raw)) };
}

/** What dialling other nodes needs. */
export interface DialOptions {
  readonly identity: () => Identity;
  readonly resolve: Resolve;
  readonly port: number;
}

/** Dials the apid of `target`, which must have a certificate for that name. */
export function dialNode(options: DialOptions): (target: Target) => Dial {
  const lookup = (host: string, signal: AbortSignal) =>
    options.resolve(host, signal).catch(() => {
      // What the resolver says is about its query.
      throw new Error("no address for this name");
    });
  return ({ host }) => async (signal) => {
    const [address] = isIP(host) ? [host] : await lookup(host, signal);
    return await dialTls(signal, {
      ...COMMON,
      ...secureContext(options.identity()),
      host: address!,
      port: options.port,
      ...(isIP(host) ? {} : { servername: host }),
      rejectUnauthorized: true,
    });
  };
}

function dialTls(
  signal: AbortSignal,
  options: ConnectionOptions,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const fail = (thrown: Error) => {
      signal.removeEventListener("abort", giveUp);
      reject(thrown);
    };
    const giveUp = () => {
      socket.destroy();
      fail(signal.reason);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("error", fail);
    socket.once("close", () => fail(new Error("connection closed")));
    socket.once("secureConnect", () => {
      signal.removeEventListener("abort", giveUp);
      socket.off("error", fail);
      if (socket.alpnProtocol !== "h2") {
        socket.destroy();
        reject(new Error("the node does not speak HTTP/2"));
        return;
      }
      socket.setKeepAlive(true, KEEPALIVE_MS);
      resolve(socketTransport(socket));
    });
  });
}
