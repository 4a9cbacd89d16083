/** The TLS edges of apid: its listener on :50000, and dialling other nodes. */
import { isIP } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Resolve } from "#lib/net/resolve.ts";
import { organizationsOf, tlsKey } from "#lib/pki/mod.ts";
import type { Dial } from "#lib/relay/upstream.ts";
import { GUARD_LIMITS, guardConnections } from "#lib/rpc/connection_guard.ts";
import { dialTo } from "#lib/rpc/dial.ts";
import { rolesOfOrganizations } from "#lib/rpc/roles.ts";
import type { Identity } from "#lib/worker/protocol.ts";
import type { Peer } from "./plan.ts";
import type { Target } from "./targets.ts";

const KEEPALIVE_MS = 15_000;

function secureContext({ ca, crt, key }: Identity) {
  return { ca, cert: crt, key: tlsKey(key) };
}

/** A listener that wants a certificate of the machine CA from each client. */
export function createFront(
  identity: Identity,
  onHandshakeError: (thrown: Error) => void,
): Server {
  const server = createServer({
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.2",
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

/** Who is at the other end; undefined for who does not speak HTTP/2. */
export function peerOf(socket: TLSSocket): Peer | undefined {
  if (socket.alpnProtocol !== "h2") return undefined;
  const { raw } = socket.getPeerCertificate();
  try {
    return { roles: rolesOfOrganizations(organizationsOf(raw)) };
  } catch {
    // Of the CA, but not readable as a certificate: nobody.
    return undefined;
  }
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
    const { ca, crt, key } = options.identity();
    const tls = { ca, crt, key, serverName: host };
    return await dialTo({ host: address!, port: options.port }, tls)(signal);
  };
}
