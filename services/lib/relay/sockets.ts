/** Unix sockets of relays: dialling and listening on node:net. */
import { connect, createServer } from "node:net";
import type { ServerConnection } from "../http2/server.ts";
import { openTransport, socketTransport } from "../http2/socket_transport.ts";
import type { Transport } from "../http2/transport.ts";
import { prepareSocket } from "../net/unix_socket.ts";
import { Door } from "./listen.ts";
import type { Dial } from "./upstream.ts";

/** Only daemons of this node dial these. */
const CONNECTIONS_MAX = 256;
const GREETING_MS = 10_000;

/** Dials a unix socket. */
export function dialUnix(path: string): Dial {
  return (signal) =>
    openTransport(connect({ path }), { signal, event: "connect" });
}

/** Listens on a unix socket; a stale one is unlinked first. */
export async function listenUnix(
  path: string,
  serve: (transport: Transport) => ServerConnection,
  onError: (thrown: Error) => void,
): Promise<Door> {
  await prepareSocket(path);
  const door = new Door({
    server: createServer({ noDelay: true }),
    event: "connection",
    connectionsMax: CONNECTIONS_MAX,
    greetingMs: GREETING_MS,
    accept: (socket) => serve(socketTransport(socket)),
    onError,
  });
  await door.listen({ path });
  return door;
}
