/**
 * apid's life: waits for its certificate, listens outside and inside, takes
 * new certificates while connections stay up, ends in peace.
 */
import type { TLSSocket } from "node:tls";
import { LOCAL_LIMITS } from "#lib/http2/limits.ts";
import { socketTransport } from "#lib/http2/socket_transport.ts";
import { resolve } from "#lib/net/resolve.ts";
import { PORTS, SOCKETS } from "#lib/paths.ts";
import { Door } from "#lib/relay/listen.ts";
import { dialUnix, listenUnix } from "#lib/relay/sockets.ts";
import { untilAborted } from "#lib/abort.ts";
import { Role } from "#lib/rpc/roles.ts";
import type { DaemonContext } from "#lib/worker/daemon.ts";
import type { Identity } from "#lib/worker/protocol.ts";
import { Apid } from "./apid.ts";
import { type IdentitySource, isClientCertificate } from "./identity.ts";
import { createFront, dialNode, peerOf, rotateFront } from "./tls.ts";

/** Calls that run get this long when it stops. */
const GRACE_MS = 2_000;
const CONNECTIONS_MAX = 512;
const GREETING_MS = 10_000;
/** Between looks at the connections to other nodes. */
const CHECK_MS = 5_000;

/** Where apid listens and dials; tests choose others. */
export interface Addresses {
  readonly host: string;
  readonly port: number;
  /** The port of other nodes' apid. */
  readonly remotePort: number;
  readonly socket: string;
  readonly routerd: string;
}

/** The node's own. */
const NODE_ADDRESSES: Addresses = {
  host: "::",
  port: PORTS.apid,
  remotePort: PORTS.apid,
  socket: SOCKETS.apid,
  routerd: SOCKETS.routerd,
};

/** The first identity, or the stop. */
function firstIdentity(
  source: IdentitySource,
  signal: AbortSignal,
): Promise<Identity | undefined> {
  return new Promise((done) => {
    source.watch(done);
    void untilAborted(signal).then(() => done(undefined));
  });
}

/** Runs apid until the context's signal aborts. */
export async function runApid(
  context: DaemonContext,
  source: IdentitySource,
  addresses: Addresses = NODE_ADDRESSES,
): Promise<void> {
  const { log, signal } = context;
  const first = await firstIdentity(source, signal);
  if (!first) return;
  let identity = first;
  let client = isClientCertificate(first.crt);
  const apid = new Apid({
    log,
    dialLocal: dialUnix(addresses.routerd),
    dialNode: dialNode({
      identity: () => identity,
      resolve,
      port: addresses.remotePort,
    }),
    isClient: () => client,
  });
  const front = createFront(
    identity,
    (thrown) => log.debug(`handshake failed: ${thrown.message}`),
  );
  source.watch((next) => {
    if (next === identity) return;
    identity = next;
    client = isClientCertificate(next.crt);
    rotateFront(front, next);
    context.notice("Certificate replaced");
  });
  const onError = (thrown: Error) => log.error("listener", thrown);
  const outside = new Door({
    server: front,
    event: "secureConnection",
    connectionsMax: CONNECTIONS_MAX,
    greetingMs: GREETING_MS,
    accept: (socket) => {
      const peer = peerOf(socket as TLSSocket);
      return peer && apid.serve(socketTransport(socket), peer);
    },
    onError,
  });
  const inside = await listenUnix(
    addresses.socket,
    (transport) => apid.serve(transport, { roles: [Role.admin] }, LOCAL_LIMITS),
    onError,
  );
  await outside.listen({ host: addresses.host, port: addresses.port });
  context.ready();
  context.health(true, "");
  const checks = setInterval(() => apid.check(), CHECK_MS);
  await untilAborted(signal);
  clearInterval(checks);
  await Promise.all([outside.stop(GRACE_MS), inside.stop(GRACE_MS)]);
  apid.close();
}
