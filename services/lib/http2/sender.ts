/**
 * The sending half of a connection: header blocks, DATA within the peer's
 * windows and within what the socket takes, streams served in turn.
 */
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  Flag,
  FrameType,
  WINDOW_BYTES_MAX,
} from "./constants.ts";
import { connectionError, streamError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import { HpackEncoder } from "./hpack_encoder.ts";
import type { Outbox } from "./outbox.ts";
import type { Stream } from "./stream.ts";

const EMPTY = new Uint8Array(0);

/** What the connection wants to know. */
export interface SenderEvents {
  /** A frame waits in the outbox; `body`: it is DATA. */
  wrote(body: boolean): void;
  /** END_STREAM of this stream is in the outbox. */
  ended(stream: Stream): void;
}

/** Sends for all streams of one connection. */
export class Sender {
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly #outbox: Outbox;
  readonly #events: SenderEvents;
  /** Streams with something queued that the socket or windows held up. */
  readonly #pending = new Set<Stream>();
  #window = DEFAULT_WINDOW_BYTES;
  #frameBytesMax = DEFAULT_FRAME_BYTES;
  #initialWindow = DEFAULT_WINDOW_BYTES;
  #blocked = false;

  constructor(outbox: Outbox, events: SenderEvents) {
    this.#outbox = outbox;
    this.#events = events;
  }

  /** The send window of a new stream. */
  get initialWindow(): number {
    return this.#initialWindow;
  }

  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  setFrameBytesMax(bytes: number): void {
    // Larger frames would only make others wait.
    this.#frameBytesMax = Math.min(bytes, 4 * DEFAULT_FRAME_BYTES);
  }

  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE, for streams old and new. */
  setInitialWindow(bytes: number, streams: Iterable<Stream>): void {
    const change = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    for (const stream of streams) {
      stream.sendWindow += change;
      if (stream.sendWindow > WINDOW_BYTES_MAX) {
        throw connectionError(
          ErrorCode.FLOW_CONTROL_ERROR,
          "initial window overflows a stream",
        );
      }
    }
    if (change > 0) this.pump();
  }

  /** WINDOW_UPDATE of the connection. */
  growConnection(bytes: number): void {
    this.#window += bytes;
    if (this.#window > WINDOW_BYTES_MAX) {
      throw connectionError(
        ErrorCode.FLOW_CONTROL_ERROR,
        "connection window overflows",
      );
    }
    this.pump();
  }

  /** WINDOW_UPDATE of a stream. */
  growStream(stream: Stream, bytes: number): void {
    stream.sendWindow += bytes;
    if (stream.sendWindow > WINDOW_BYTES_MAX) {
      throw streamError(
        ErrorCode.FLOW_CONTROL_ERROR,
        "stream window overflows",
      );
    }
    if (this.#pending.has(stream)) this.pump();
  }

  /** The socket is full, or takes bytes again. */
  setBlocked(blocked: boolean): void {
    this.#blocked = blocked;
    if (!blocked) this.pump();
  }

  headers(stream: Stream, fields: Fields, end: boolean): void {
    this.#outbox.headers(stream.id, this.encoder.encode(fields), {
      end,
      frameBytesMax: this.#frameBytesMax,
    });
    this.#events.wrote(false);
    if (end) this.#end(stream);
  }

  /** Sends or queues; returns the number of octets queued. */
  data(stream: Stream, bytes: Uint8Array, end: boolean): number {
    if (bytes.length === 0 && !end) return 0;
    if (stream.id === 0 || stream.queue.length > 0) {
      return this.#enqueue(stream, bytes, end);
    }
    const left = this.#sendNow(stream, bytes, end);
    if (left === 0) return 0;
    return this.#enqueue(stream, bytes.subarray(bytes.length - left), end);
  }

  trailers(stream: Stream, fields: Fields): void {
    if (stream.id === 0 || stream.queue.length > 0) stream.ending = fields;
    else this.headers(stream, fields, true);
  }

  /** Serves a stream that got its id only now. */
  opened(stream: Stream): void {
    if (stream.queue.length > 0) {
      this.#pending.add(stream);
      this.pump();
    } else if (stream.ending) this.#finish(stream);
  }

  /** Forgets what a stream still wanted to send. */
  drop(stream: Stream): void {
    this.#pending.delete(stream);
    stream.queue.length = 0;
    stream.ending = undefined;
  }

  /** One frame of each waiting stream in turn, while there is room. */
  pump(): void {
    let moved = true;
    while (moved && !this.#blocked && this.#pending.size > 0) {
      moved = false;
      for (const stream of this.#pending) {
        if (this.#blocked) break;
        if (this.#pumpOne(stream)) moved = true;
      }
    }
  }

  #pumpOne(stream: Stream): boolean {
    const first = stream.queue[0]!;
    const last = stream.queue.length === 1;
    const end = last && stream.ending === "data";
    const room = this.#room(stream, first.length);
    if (room === 0 && first.length > 0) return false;
    const whole = room === first.length;
    this.#frame(stream, whole ? first : first.subarray(0, room), whole && end);
    if (whole) stream.queue.shift();
    else stream.queue[0] = first.subarray(room);
    if (stream.queue.length === 0) {
      this.#pending.delete(stream);
      if (end) this.#end(stream);
      else if (stream.ending) this.#finish(stream);
    }
    stream.events.sent(room);
    return true;
  }

  /** Sends what may go at once; returns how many octets may not. */
  #sendNow(stream: Stream, bytes: Uint8Array, end: boolean): number {
    let at = 0;
    do {
      const left = bytes.length - at;
      const room = this.#room(stream, left);
      if (room === 0 && left > 0) return left;
      const last = room === left;
      const piece = last && at === 0 ? bytes : bytes.subarray(at, at + room);
      this.#frame(stream, piece, last && end);
      at += room;
    } while (at < bytes.length);
    if (end) this.#end(stream);
    return 0;
  }

  #room(stream: Stream, wanted: number): number {
    if (this.#blocked) return 0;
    return Math.max(
      0,
      Math.min(wanted, this.#frameBytesMax, this.#window, stream.sendWindow),
    );
  }

  #frame(stream: Stream, bytes: Uint8Array, end: boolean): void {
    this.#window -= bytes.length;
    stream.sendWindow -= bytes.length;
    const flags = end ? Flag.END_STREAM : 0;
    this.#outbox.frame(FrameType.DATA, flags, stream.id, bytes);
    this.#events.wrote(true);
  }

  #enqueue(stream: Stream, bytes: Uint8Array, end: boolean): number {
    // Lent octets may be a view of something far larger.
    stream.queue.push(bytes.slice());
    if (end) stream.ending = "data";
    if (stream.id !== 0) this.#pending.add(stream);
    return bytes.length;
  }

  #finish(stream: Stream): void {
    const { ending } = stream;
    stream.ending = undefined;
    if (ending === "data") {
      this.#frame(stream, EMPTY, true);
      this.#end(stream);
    } else if (ending) this.headers(stream, ending, true);
  }

  #end(stream: Stream): void {
    stream.localClosed = true;
    this.#events.ended(stream);
  }
}
