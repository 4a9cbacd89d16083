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

/** How a socket that was just made becomes a transport. */
export interface OpenOptions {
  readonly signal: AbortSignal;
  /** What says that it may be used. */
  readonly event: "connect" | "secureConnect";
  /** Looks at it then; what it finds wrong is the error. */
  readonly check?: () => string | undefined;
  readonly keepAliveMs?: number;
}

/**
 * Resolves once `event` came and `check` found nothing; otherwise the socket
 * is destroyed and the cause thrown, whatever comes first.
 */
export function openTransport(
  socket: Socket,
  { signal, event, check, keepAliveMs }: OpenOptions,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const fail = (thrown: Error) => {
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      reject(thrown);
    };
    const giveUp = () => fail(signal.reason);
    const lost = () => fail(new Error("connection closed"));
    signal.addEventListener("abort", giveUp, { once: true });
    // Stays: a socket without a listener would end the process.
    socket.on("error", fail);
    socket.once("close", lost);
    socket.once(event, () => {
      const problem = check?.();
      if (problem) return fail(new Error(problem));
      signal.removeEventListener("abort", giveUp);
      socket.off("close", lost);
      if (keepAliveMs !== undefined) socket.setKeepAlive(true, keepAliveMs);
      resolve(socketTransport(socket));
    });
    if (signal.aborted) giveUp();
  });
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
