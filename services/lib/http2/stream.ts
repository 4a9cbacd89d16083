/**
 * One stream of a connection: what its user may do with it, what the user is
 * told, and the state that connection.ts and sender.ts keep for it.
 */
import type { ErrorCode } from "./constants.ts";
import type { Fields } from "./fields.ts";

/** What the user of a stream is told. */
export interface StreamEvents {
  /** The first header list of a response (client side only). */
  headers(fields: Fields, end: boolean): void;
  /**
   * Octets of the body. They are only lent: who keeps them copies them. Each
   * must be given back with `consume`, or the peer comes to a halt.
   */
  data(bytes: Uint8Array, end: boolean): void;
  /** The header list that ends the peer's side. */
  trailers(fields: Fields): void;
  /** `bytes` of what `data` queued have left. */
  sent(bytes: number): void;
  /**
   * The stream is over before both sides ended: reset by the peer, a broken
   * rule, the connection lost. The last event; not told after own `reset`.
   */
  closed(code: number, reason: string): void;
}

/** What the user of a stream may do. Everything is a no-op once it is over. */
export interface StreamHandle {
  /** Sends a header list. */
  headers(fields: Fields, end: boolean): void;
  /**
   * Sends octets, which are copied. Returns how many of them have to wait for
   * the peer's window or the socket; `sent` tells when they leave.
   */
  data(bytes: Uint8Array, end: boolean): number;
  /** Sends the header list that ends our side, after all data. */
  trailers(fields: Fields): void;
  /** Ends both sides at once. */
  reset(code: ErrorCode): void;
  /** Gives `bytes` of received data back to the peer's window. */
  consume(bytes: number): void;
}

/** What a stream asks of its connection. */
export interface StreamOwner {
  sendHeaders(stream: Stream, fields: Fields, end: boolean): void;
  sendData(stream: Stream, bytes: Uint8Array, end: boolean): number;
  sendTrailers(stream: Stream, fields: Fields): void;
  resetByUser(stream: Stream, code: ErrorCode): void;
  consume(stream: Stream, bytes: number): void;
}

/** Ends our side: with the last DATA frame, or with trailers. */
export type Ending = "data" | Fields;

/** The state of one stream; the fields are the connection's. */
export class Stream implements StreamHandle {
  readonly #owner: StreamOwner;
  /** 0 while it waits to be opened (client side). */
  id = 0;
  events: StreamEvents;
  sendWindow = 0;
  recvWindow = 0;
  /** Received, not consumed. */
  unconsumed = 0;
  /** Consumed, not yet given back to the peer. */
  uncredited = 0;
  localClosed = false;
  remoteClosed = false;
  gotHeaders = false;
  /** Over: nothing is sent or told any more. */
  over = false;
  readonly queue: Uint8Array[] = [];
  ending: Ending | undefined;

  constructor(owner: StreamOwner, events: StreamEvents) {
    this.#owner = owner;
    this.events = events;
  }

  headers(fields: Fields, end: boolean): void {
    if (!this.over && !this.localClosed) {
      this.#owner.sendHeaders(this, fields, end);
    }
  }

  data(bytes: Uint8Array, end: boolean): number {
    if (this.over || this.localClosed || this.ending) return 0;
    return this.#owner.sendData(this, bytes, end);
  }

  trailers(fields: Fields): void {
    if (this.over || this.localClosed || this.ending) return;
    this.#owner.sendTrailers(this, fields);
  }

  reset(code: ErrorCode): void {
    if (!this.over) this.#owner.resetByUser(this, code);
  }

  consume(bytes: number): void {
    if (bytes > 0 && this.unconsumed > 0) this.#owner.consume(this, bytes);
  }
}
