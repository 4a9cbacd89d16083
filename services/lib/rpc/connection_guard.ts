/**
 * Keeps silent peers from holding the connections of a TCP server: a TLS
 * handshake has a deadline, and one address has a share of all connections.
 */
import type { Server, Socket } from "node:net";
import { peerOf } from "../net/ip.ts";

/** What a peer may hold. */
export interface GuardLimits {
  /** Connections of all peers. */
  readonly connections: number;
  /** Connections of one address, of IPv6 one network. */
  readonly perAddress: number;
  /** Until a TLS handshake must be done. */
  readonly handshakeMs: number;
}

/** For a port that many talk to. */
export const GUARD_LIMITS: GuardLimits = {
  connections: 1024,
  perAddress: 128,
  handshakeMs: 10_000,
};

/** Both ends of a connection; TLS sockets have those of the one beneath. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** Watches the connections of `server` from now on. */
export function guardConnections(
  server: Server,
  limits: GuardLimits,
  tls: boolean,
): void {
  const held = new Map<string, number>();
  const handshakes = new Map<string, ReturnType<typeof setTimeout>>();
  // Counted here: Deno's TLS servers do not heed `maxConnections`.
  let total = 0;

  server.on("connection", (socket: Socket) => {
    socket.setNoDelay?.(true);
    const address = peerOf(socket.remoteAddress ?? "");
    const count = (held.get(address) ?? 0) + 1;
    held.set(address, count);
    total++;
    const key = keyOf(socket);
    socket.once("close", () => {
      total--;
      const left = (held.get(address) ?? 1) - 1;
      if (left > 0) held.set(address, left);
      else held.delete(address);
      clearTimeout(handshakes.get(key));
      handshakes.delete(key);
    });
    if (count > limits.perAddress || total > limits.connections) {
      socket.destroy();
    } else if (tls) {
      const late = () => socket.destroy();
      handshakes.set(key, setTimeout(late, limits.handshakeMs));
    }
  });

  server.on("secureConnection", (socket: Socket) => {
    const key = keyOf(socket);
    clearTimeout(handshakes.get(key));
    handshakes.delete(key);
  });
}
