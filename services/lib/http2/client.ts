/**
 * The client's end of a connection. It exists before its transport: requests
 * wait until it is attached, the peer has room for another stream, or dialling
 * failed.
 */
import { ErrorCode, PREFACE, Setting, STREAM_ID_MAX } from "./constants.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { streamError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import { responseProblem, trailersProblem } from "./header_check.ts";
import { Stream, type StreamEvents, type StreamHandle } from "./stream.ts";
import type { Transport } from "./transport.ts";

/** What most servers allow at least; assumed until the peer says. */
const STREAMS_BEFORE_SETTINGS = 100;

interface Waiting {
  readonly stream: Stream;
  readonly fields: Fields;
  readonly end: boolean;
}

/** Sends requests over a transport that comes later. */
export class ClientConnection extends Connection {
  readonly #waiting: Waiting[] = [];
  #attached = false;
  #streamsMax = STREAMS_BEFORE_SETTINGS;
  #nextId = 1;
  #goingAway = false;

  constructor(options: ConnectionOptions) {
    super(options);
  }

  /** Takes new requests. */
  get usable(): boolean {
    return !this.closed && !this.#goingAway && this.#nextId < STREAM_ID_MAX;
  }

  /** Requests that wait for the transport or for room. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** The transport is there. */
  attach(transport: Transport): void {
    if (this.closed) {
      transport.destroy();
      return;
    }
    this.#attached = true;
    this.outbox.raw(PREFACE);
    this.open(transport, [[Setting.ENABLE_PUSH, 0]]);
    this.#openWaiting();
  }

  /** There will be no transport, or it shall go: every stream is told. */
  abandon(reason: string): void {
    this.finish(reason);
  }

  /** No new requests; closes when the last one is over. */
  shutdown(): void {
    if (this.closed) return;
    this.#goingAway = true;
    if (this.streams.size === 0 && this.#waiting.length === 0) {
      this.closeWhenSent("shut down");
    }
  }

  /** Opens a stream; `events` are never called before it returns. */
  request(fields: Fields, end: boolean, events: StreamEvents): StreamHandle {
    const stream = new Stream(this, events);
    if (this.#waiting.length >= this.limits.waitingMax) this.#forgetOver();
    if (!this.usable || this.#waiting.length >= this.limits.waitingMax) {
      stream.over = true;
      const reason = this.usable ? "too many requests wait" : "not connected";
      queueMicrotask(() => events.closed(ErrorCode.REFUSED_STREAM, reason));
      return stream;
    }
    if (this.#attached && this.streams.size < this.#streamsMax) {
      this.#openStream(stream, fields, end);
    } else {
      stream.localClosed = end;
      this.#waiting.push({ stream, fields, end });
    }
    return stream;
  }

  #openStream(stream: Stream, fields: Fields, end: boolean): void {
    this.lastStreamId = this.#nextId;
    this.#nextId += 2;
    this.addStream(stream, this.lastStreamId);
    this.sender.headers(stream, fields, end);
    if (!end) this.sender.opened(stream);
  }

  #openWaiting(): void {
    while (
      this.#attached && !this.closed && this.#waiting.length > 0 &&
      this.streams.size < this.#streamsMax
    ) {
      const { stream, fields, end } = this.#waiting.shift()!;
      if (!stream.over) this.#openStream(stream, fields, end);
    }
  }

  /** Requests that were cancelled while they waited. */
  #forgetOver(): void {
    const live = this.#waiting.filter(({ stream }) => !stream.over);
    this.#waiting.splice(0, this.#waiting.length, ...live);
  }

  protected override onPreface(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  protected override onHeaders(
    streamId: number,
    fields: Fields | undefined,
    end: boolean,
  ): void {
    const stream = this.streams.get(streamId);
    if (!stream) {
      if (!this.wasOpened(streamId)) {
        throw streamError(ErrorCode.PROTOCOL_ERROR, "HEADERS on idle stream");
      }
      return;
    }
    if (!fields) {
      throw streamError(ErrorCode.ENHANCE_YOUR_CALM, "header list too large");
    }
    if (stream.remoteClosed) {
      throw streamError(ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM");
    }
    if (stream.gotHeaders) this.#onTrailers(stream, fields, end);
    else this.#onResponse(stream, fields, end);
  }

  #onResponse(stream: Stream, fields: Fields, end: boolean): void {
    const problem = responseProblem(fields);
    if (problem) throw streamError(ErrorCode.PROTOCOL_ERROR, problem);
    if (fields.get(":status")!.startsWith("1")) {
      if (end) {
        throw streamError(ErrorCode.PROTOCOL_ERROR, "END_STREAM with 1xx");
      }
      return;
    }
    stream.gotHeaders = true;
    stream.remoteClosed = end;
    stream.events.headers(fields, end);
    if (end) this.onRemoteEnd(stream);
  }

  #onTrailers(stream: Stream, fields: Fields, end: boolean): void {
    if (!end) {
      throw streamError(ErrorCode.PROTOCOL_ERROR, "HEADERS within a body");
    }
    const problem = trailersProblem(fields);
    if (problem) throw streamError(ErrorCode.PROTOCOL_ERROR, problem);
    stream.remoteClosed = true;
    stream.events.trailers(fields);
    this.onRemoteEnd(stream);
  }

  protected override onLocalEnd(stream: Stream): void {
    if (stream.remoteClosed) this.completeStream(stream);
  }

  protected override onRemoteEnd(stream: Stream): void {
    if (stream.over) return;
    if (stream.localClosed) this.completeStream(stream);
    // The answer is complete: the rest of the request is of no use.
    else this.resetStream(stream, ErrorCode.NO_ERROR);
  }

  protected override onPeerStreamsMax(count: number): void {
    this.#streamsMax = count;
    this.#openWaiting();
  }

  protected override onGoaway(lastStreamId: number): void {
    this.#goingAway = true;
    for (const stream of [...this.streams.values()]) {
      if (stream.id <= lastStreamId) continue;
      this.dropStream(stream);
      stream.events.closed(ErrorCode.REFUSED_STREAM, "the peer goes away");
    }
    this.#refuseWaiting("the peer goes away");
    if (this.streams.size === 0) this.closeWhenSent("the peer went away");
  }

  protected override onStreamGone(): void {
    if (this.#goingAway && this.streams.size === 0) {
      queueMicrotask(() => this.closeWhenSent("shut down"));
      return;
    }
    if (this.#waiting.length > 0) this.#openWaiting();
  }

  protected override finish(reason: string): void {
    super.finish(reason);
    this.#refuseWaiting(reason);
  }

  #refuseWaiting(reason: string): void {
    for (const { stream } of this.#waiting.splice(0)) {
      if (stream.over) continue;
      stream.over = true;
      stream.events.closed(ErrorCode.REFUSED_STREAM, reason);
    }
  }

  protected override goawayStreamId(): number {
    return 0;
  }

  protected override wasOpened(streamId: number): boolean {
    return streamId % 2 === 1 && streamId <= this.lastStreamId;
  }
}
