/** The server's end of a connection. */
import { ErrorCode, PREFACE, Setting, STREAM_ID_MAX } from "./constants.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { connectionError, streamError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import { requestProblem, trailersProblem } from "./header_check.ts";
import { Stream, type StreamEvents, type StreamHandle } from "./stream.ts";
import type { Transport } from "./transport.ts";

/**
 * Takes a request. `end`: it has no body. What it returns is told the rest.
 * It may answer on `stream` before it returns.
 */
export type RequestHandler = (
  stream: StreamHandle,
  fields: Fields,
  end: boolean,
) => StreamEvents;

/** What a server connection is made with. */
export interface ServerOptions extends ConnectionOptions {
  readonly onRequest: RequestHandler;
}

const NOTHING: StreamEvents = {
  headers() {},
  data() {},
  trailers() {},
  sent() {},
  closed() {},
};

/** Serves requests that come over `transport`. */
export class ServerConnection extends Connection {
  readonly #onRequest: RequestHandler;
  #prefaceHave = 0;
  #draining = false;

  constructor(transport: Transport, options: ServerOptions) {
    super(options);
    this.#onRequest = options.onRequest;
    this.open(transport, [
      [Setting.MAX_CONCURRENT_STREAMS, this.limits.streamsMax],
    ]);
  }

  /** The peer has sent the whole preface. */
  get greeted(): boolean {
    return this.#prefaceHave === PREFACE.length;
  }

  /** Takes no new streams; closes when the last one is over. */
  shutdown(): void {
    if (this.closed || this.#draining) return;
    this.#draining = true;
    this.outbox.goaway(
      this.lastStreamId,
      ErrorCode.NO_ERROR,
      new Uint8Array(0),
    );
    if (this.streams.size === 0) this.closeWhenSent("shut down");
    else this.scheduleFlush();
  }

  protected override onPreface(bytes: Uint8Array): Uint8Array {
    const from = this.#prefaceHave;
    if (from === PREFACE.length) return bytes;
    const take = Math.min(bytes.length, PREFACE.length - from);
    for (let i = 0; i < take; i++) {
      if (bytes[i] !== PREFACE[from + i]) {
        throw connectionError(ErrorCode.PROTOCOL_ERROR, "no HTTP/2 preface");
      }
    }
    this.#prefaceHave += take;
    return bytes.subarray(take);
  }

  protected override onHeaders(
    streamId: number,
    fields: Fields | undefined,
    end: boolean,
  ): void {
    const open = this.streams.get(streamId);
    if (open) return this.#onTrailers(open, fields, end);
    if (streamId <= this.lastStreamId) {
      // It crossed our reset; the block was decoded for the table's sake.
      this.spendReset();
      return;
    }
    if (streamId % 2 === 0) {
      throw connectionError(ErrorCode.PROTOCOL_ERROR, "even stream id");
    }
    // Ignored, and not counted as seen: GOAWAY said so (section 6.8).
    if (this.#draining) return;
    this.lastStreamId = streamId;
    if (this.streams.size >= this.limits.streamsMax) {
      throw streamError(ErrorCode.REFUSED_STREAM, "too many streams");
    }
    if (!fields) {
      throw streamError(ErrorCode.ENHANCE_YOUR_CALM, "header list too large");
    }
    const problem = requestProblem(fields);
    if (problem) throw streamError(ErrorCode.PROTOCOL_ERROR, problem);
    this.#openStream(streamId, fields, end);
  }

  #openStream(streamId: number, fields: Fields, end: boolean): void {
    const stream = new Stream(this, NOTHING);
    stream.gotHeaders = true;
    stream.remoteClosed = end;
    this.addStream(stream, streamId);
    stream.events = this.#onRequest(stream, fields, end);
  }

  #onTrailers(stream: Stream, fields: Fields | undefined, end: boolean): void {
    if (stream.remoteClosed) {
      throw streamError(ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM");
    }
    if (!end) {
      throw streamError(ErrorCode.PROTOCOL_ERROR, "HEADERS within a body");
    }
    const problem = fields ? trailersProblem(fields) : "trailers too large";
    if (problem) throw streamError(ErrorCode.PROTOCOL_ERROR, problem);
    stream.remoteClosed = true;
    stream.events.trailers(fields!);
    this.onRemoteEnd(stream);
  }

  protected override onLocalEnd(stream: Stream): void {
    // The answer is complete: what the client still sends is of no use.
    if (!stream.remoteClosed) {
      this.sendReset(stream.id, ErrorCode.NO_ERROR);
    }
    this.completeStream(stream);
  }

  protected override onRemoteEnd(_: Stream): void {}

  protected override onPeerStreamsMax(): void {}

  protected override onGoaway(): void {
    // The client will open no more; the open streams go on.
  }

  protected override onStreamGone(): void {
    if (this.#draining && this.streams.size === 0 && !this.closed) {
      queueMicrotask(() => this.closeWhenSent("shut down"));
    }
  }

  protected override goawayStreamId(): number {
    return Math.min(this.lastStreamId, STREAM_ID_MAX);
  }

  protected override wasOpened(streamId: number): boolean {
    return streamId % 2 === 1 && streamId <= this.lastStreamId;
  }
}
