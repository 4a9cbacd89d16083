/**
 * Notices that a peer is gone without a word (power, cable): calls run, nothing
 * comes, and a PING stays without an answer. Pings rarely: servers of grpc-go
 * end a connection after three pings within five minutes between which they
 * sent no HEADERS or DATA.
 */
import type { ClientConnection } from "../http2/client.ts";

/** Calls run and nothing came for this long: ask. */
export const SILENCE_MS = 10_000;
/** No answer to the question for this long: gone. */
export const ANSWER_MS = 10_000;
/** Between questions without HEADERS or DATA from the peer. */
export const QUIET_MS = 310_000;

/** Watches one connection; `check` is called every few seconds. */
export class Liveness {
  readonly #connection: ClientConnection;
  readonly #now: () => number;
  #askedAt = -Infinity;
  #waiting = false;

  constructor(connection: ClientConnection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
  }

  /** Asks when it is time; cuts the connection of a peer that is gone. */
  check(): void {
    const connection = this.#connection;
    const now = this.#now();
    if (this.#waiting && connection.lastReceivedAt > this.#askedAt) {
      this.#waiting = false;
    }
    if (this.#waiting) {
      if (now - this.#askedAt < ANSWER_MS) return;
      connection.abandon("the peer does not answer");
      return;
    }
    const silent = now - connection.lastReceivedAt >= SILENCE_MS;
    const welcome = connection.lastWorkAt > this.#askedAt ||
      now - this.#askedAt >= QUIET_MS;
    if (connection.streamCount === 0 || !silent || !welcome) return;
    this.#askedAt = now;
    this.#waiting = true;
    connection.ping(() => {});
  }
}
