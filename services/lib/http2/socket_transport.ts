/** A node:net or node:tls socket as a transport. */
import type { Socket } from "node:net";
import { messageOf } from "../errors.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/**
 * Wraps a connected socket. Sets no-delay: without it a call over TCP waits
 * 40 ms for an acknowledgement. Unix sockets do not mind.
 */
export function socketTransport(socket: Socket): Transport {
  return new SocketTransport(socket);
}

/** A peer that does not read its last bytes does not keep the socket. */
const LINGER_MS = 5_000;

class SocketTransport implements Transport {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  start(events: TransportEvents): void {
    let reason = "connection closed";
    let closed = false;
    const close = () => {
      if (closed) return;
      closed = true;
      events.closed(reason);
    };
    const socket = this.#socket;
    socket.on("error", (thrown) => reason = messageOf(thrown));
    socket.on("close", close);
    // HTTP/2 knows no half-open connections.
    socket.on("end", () => socket.destroy());
    socket.on("drain", () => events.drained());
    socket.on("data", (bytes: Uint8Array) => events.received(bytes));
    if (socket.destroyed) close();
  }

  write(bytes: Uint8Array, release?: () => void): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return true;
    if (!release) return socket.write(bytes);
    return socket.write(bytes, (failed) => {
      if (!failed) release();
    });
  }

  end(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
    socket.end(() => socket.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
