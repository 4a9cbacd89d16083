/**
 * What a connection stands on: an ordered byte stream in both directions.
 * node:net and node:tls sockets fit (socket_transport.ts), so does a pair in
 * memory for tests.
 */

/** What a connection wants to know of its transport. */
export interface TransportEvents {
  /** The next bytes; the transport does not touch them again. */
  received(bytes: Uint8Array): void;
  /** It takes bytes again, after `write` returned false. */
  drained(): void;
  /** Nothing comes or goes any more; called once. */
  closed(reason: string): void;
}

/** An ordered byte stream. */
export interface Transport {
  /** Begins to deliver; called once. */
  start(events: TransportEvents): void;
  /**
   * Takes bytes; false asks to wait for `drained`. Calls `release`, if it
   * wants, when it does not look at the bytes any more.
   */
  write(bytes: Uint8Array, release?: () => void): boolean;
  /** Bytes taken and not yet given to the kernel. */
  readonly unsentBytes: number;
  /** Sends what was taken and closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}
