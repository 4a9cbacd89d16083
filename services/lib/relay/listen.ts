/**
 * Accepts connections for a relay: counts them, gives each a deadline for its
 * first words, ends them in peace when the daemon stops.
 */
import type { Server, Socket } from "node:net";
import type { ServerConnection } from "../http2/server.ts";

/** What {@linkcode Door} is made with. */
export interface DoorOptions {
  /** A node:net or node:tls server. */
  readonly server: Server;
  /** The event that brings a socket that may speak. */
  readonly event: "connection" | "secureConnection";
  readonly connectionsMax: number;
  /** Within this the peer's preface must have come. */
  readonly greetingMs: number;
  /** Makes the connection; undefined refuses the socket. */
  readonly accept: (socket: Socket) => ServerConnection | undefined;
  /** What the server itself reports. */
  readonly onError: (thrown: Error) => void;
}

/** The connections of one listening socket. */
export class Door {
  readonly #options: DoorOptions;
  readonly #open = new Map<Socket, ServerConnection>();
  #stopping = false;

  constructor(options: DoorOptions) {
    this.#options = options;
    const { server, event } = options;
    server.on(event, (socket: Socket) => this.#accept(socket));
    server.on("error", options.onError);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#open.size;
  }

  /** Starts to listen. */
  listen(where: { path: string } | { port: number; host: string }) {
    return new Promise<void>((resolve, reject) => {
      const { server } = this.#options;
      server.once("error", reject);
      server.listen(where, () => {
        server.off("error", reject);
        resolve();
      });
    });
  }

  /** No new connections; open calls get `graceMs`. Resolves when all is shut. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const closed = new Promise<void>((resolve) =>
      this.#options.server.close(() => resolve())
    );
    for (const connection of this.#open.values()) connection.shutdown();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const cut = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        for (const socket of this.#open.keys()) socket.destroy();
        // A handshake that hangs is not waited for.
        resolve();
      }, graceMs);
    });
    await Promise.race([closed, cut]);
    clearTimeout(timer);
  }

  #accept(socket: Socket): void {
    // Until the connection listens; a reset must not end the daemon.
    socket.on("error", () => {});
    if (this.#stopping || this.#open.size >= this.#options.connectionsMax) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => {
      if (!this.#open.get(socket)?.greeted) socket.destroy();
    }, this.#options.greetingMs);
    const forget = () => {
      clearTimeout(timer);
      this.#open.delete(socket);
    };
    socket.once("close", forget);
    const connection = this.#options.accept(socket);
    if (connection) this.#open.set(socket, connection);
    else socket.destroy();
  }
}
