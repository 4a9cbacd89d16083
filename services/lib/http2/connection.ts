/**
 * What both ends of an HTTP/2 connection do (RFC 9113): frames in, checked and
 * handed to streams; windows, settings, pings, floods; frames out, one write a
 * turn. Sans-IO: bytes come and go through a Transport. server.ts and
 * client.ts add what differs. Priority is ignored, push refused.
 */
import { assert } from "../assert.ts";
import { Budget } from "./budget.ts";
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  errorCodeName,
  Flag,
  FrameType,
  Setting,
} from "./constants.ts";
import { connectionError, Http2Error, streamError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import { type Frame, FrameReader, readUint32 } from "./frame_reader.ts";
import { type HeaderBlock, HeaderBlocks, unpadded } from "./header_blocks.ts";
import { HpackDecoder } from "./hpack_decoder.ts";
import type { Limits } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { readSettings } from "./settings.ts";
import { ReceiveWindow } from "./receive_window.ts";
import { Sender } from "./sender.ts";
import type { Stream, StreamOwner } from "./stream.ts";
import type { Transport } from "./transport.ts";

/** What a connection is made with. */
export interface ConnectionOptions {
  readonly limits: Limits;
  /** Any monotonic clock, in milliseconds. */
  readonly now?: () => number;
  /** The connection is over; streams were told before. */
  readonly onClosed?: (reason: string) => void;
}

const PING_BYTES = 8;
/** How long the answer to a PING may wait for company. */
const SOON_MS = 2;
const DEBUG_CHARS_MAX = 200;

/** One connection. */
export abstract class Connection implements StreamOwner {
  protected readonly limits: Limits;
  protected readonly now: () => number;
  protected readonly outbox: Outbox;
  protected readonly sender: Sender;
  protected readonly streams: Map<number, Stream> = new Map();
  /** The highest stream id that the peer opened (server) or we did (client). */
  protected lastStreamId = 0;
  readonly #onClosed: ((reason: string) => void) | undefined;
  readonly #reader = new FrameReader(DEFAULT_FRAME_BYTES);
  readonly #decoder: HpackDecoder;
  readonly #window: ReceiveWindow;
  readonly #idleFrames: Budget;
  readonly #resets: Budget;
  readonly #frameHandler = (frame: Frame) => this.#onFrame(frame);
  #transport: Transport | undefined;
  #flushScheduled = false;
  #soonTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #blocks: HeaderBlocks;
  #gotSettings = false;
  #pings: (() => void)[] = [];
  #closed = false;
  /** Milliseconds of `now()` when bytes last came. */
  lastReceivedAt: number;
  /** The same for HEADERS and DATA. */
  lastWorkAt: number;

  constructor(options: ConnectionOptions) {
    this.limits = options.limits;
    this.now = options.now ?? (() => performance.now());
    this.#onClosed = options.onClosed;
    this.lastReceivedAt = this.lastWorkAt = this.now();
    this.outbox = new Outbox((bytes, release) => this.#write(bytes, release));
    this.sender = new Sender(this.outbox, {
      wrote: (body) => {
        if (body) this.#idleFrames.earn(4);
        this.scheduleFlush();
      },
      ended: (stream) => this.onLocalEnd(stream),
    });
    this.#decoder = new HpackDecoder(this.limits.headerListBytes);
    this.#blocks = new HeaderBlocks(this.limits);
    this.#window = new ReceiveWindow(this.limits, (streamId, bytes) => {
      this.outbox.number(FrameType.WINDOW_UPDATE, streamId, bytes);
      this.scheduleFlush();
    });
    this.#idleFrames = new Budget(this.limits.idleFramesMax, this.now());
    this.#resets = new Budget(this.limits.resetsMax, this.now());
  }

  /** Nothing can be sent or received any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Streams that are open. */
  get streamCount(): number {
    return this.streams.size;
  }

  /** Received bytes that the users of the streams have not consumed. */
  get heldBytes(): number {
    return this.#window.heldBytes;
  }

  /** Sends PING; `onAck` is called when the peer answers. */
  ping(onAck: () => void): void {
    if (this.#closed) return;
    this.#pings.push(onAck);
    this.outbox.frame(FrameType.PING, 0, 0, new Uint8Array(PING_BYTES));
    this.scheduleFlush();
  }

  /** Ends the connection at once, telling the peer why. */
  abort(code: ErrorCode, what: string): void {
    if (this.#closed) return;
    const debug = new TextEncoder().encode(what.slice(0, DEBUG_CHARS_MAX));
    const last = this.goawayStreamId();
    if (this.#transport) {
      this.outbox.goaway(last, code, debug);
      this.outbox.flush();
    }
    this.finish(`${errorCodeName(code)}: ${what}`);
  }

  // What the roles add.

  /** HEADERS with a whole block. */
  protected abstract onHeaders(
    streamId: number,
    fields: Fields | undefined,
    end: boolean,
  ): void;
  /** Bytes before the first frame; returns what is left of `bytes`. */
  protected abstract onPreface(bytes: Uint8Array): Uint8Array;
  /** Our side of `stream` has ended. */
  protected abstract onLocalEnd(stream: Stream): void;
  /** The peer's side has ended, and the user was told. */
  protected abstract onRemoteEnd(stream: Stream): void;
  /** The peer's settings changed. */
  protected abstract onPeerStreamsMax(count: number): void;
  protected abstract onGoaway(lastStreamId: number, code: number): void;
  /** A stream is over. */
  protected abstract onStreamGone(stream: Stream): void;
  /** The id for our GOAWAY. */
  protected abstract goawayStreamId(): number;
  /** Whether the peer may still have meant `streamId` in a frame. */
  protected abstract wasOpened(streamId: number): boolean;

  // What the roles use.

  /** Begins: `first` are the settings that we announce. */
  protected open(
    transport: Transport,
    first: readonly (readonly [number, number])[],
  ): void {
    assert(!this.#transport, "a connection has one transport");
    this.#transport = transport;
    const { streamWindowBytes, connectionWindowBytes } = this.limits;
    assert(
      streamWindowBytes >= DEFAULT_WINDOW_BYTES &&
        connectionWindowBytes > DEFAULT_WINDOW_BYTES,
      "windows only grow",
    );
    this.outbox.settings([
      ...first,
      [Setting.INITIAL_WINDOW_SIZE, streamWindowBytes],
      [Setting.MAX_HEADER_LIST_SIZE, this.limits.headerListBytes],
    ]);
    this.outbox.number(
      FrameType.WINDOW_UPDATE,
      0,
      connectionWindowBytes - DEFAULT_WINDOW_BYTES,
    );
    this.scheduleFlush();
    transport.start({
      received: (bytes) => this.#receive(bytes),
      drained: () => this.#drained(),
      closed: (reason) => this.finish(reason),
    });
  }

  protected addStream(stream: Stream, id: number): void {
    stream.id = id;
    stream.sendWindow = this.sender.initialWindow;
    stream.recvWindow = this.limits.streamWindowBytes;
    this.streams.set(id, stream);
  }

  /** Ends one stream by RST_STREAM; the user is told unless `quiet`. */
  protected resetStream(
    stream: Stream,
    code: ErrorCode,
    reason?: string,
  ): void {
    if (stream.over) return;
    if (stream.id !== 0) this.sendReset(stream.id, code);
    this.dropStream(stream);
    if (reason !== undefined) stream.events.closed(code, reason);
  }

  protected sendReset(streamId: number, code: ErrorCode): void {
    this.outbox.number(FrameType.RST_STREAM, streamId, code);
    this.scheduleFlush();
  }

  protected dropStream(stream: Stream): void {
    stream.over = true;
    this.sender.drop(stream);
    this.#window.released(stream);
    if (this.streams.delete(stream.id)) this.onStreamGone(stream);
  }

  /** Both sides ended in order. */
  protected completeStream(stream: Stream): void {
    this.#resets.earn(1);
    this.dropStream(stream);
  }

  protected spendReset(): void {
    if (!this.#resets.spend(this.now)) {
      throw connectionError(ErrorCode.ENHANCE_YOUR_CALM, "too many resets");
    }
  }

  /** Delivers the end of the peer's side that came with headers. */
  protected remoteEnded(stream: Stream): void {
    stream.remoteClosed = true;
    this.onRemoteEnd(stream);
  }

  /** Closes after what is in the outbox. */
  protected closeWhenSent(reason: string): void {
    this.outbox.flush();
    this.finish(reason);
  }

  protected scheduleFlush(): void {
    if (this.#flushScheduled || !this.#transport) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      if (!this.#closed) this.outbox.flush();
    });
  }

  /**
   * Lets an answer that nobody waits for travel with the next frame. grpc-go
   * pings after every message: a write of its own for each would stand before
   * the call that came in the same read.
   */
  #flushSoon(): void {
    if (this.#flushScheduled || this.#soonTimer !== undefined) return;
    this.#soonTimer = setTimeout(() => {
      this.#soonTimer = undefined;
      if (!this.#closed) this.outbox.flush();
    }, SOON_MS);
  }

  /** Tells everybody that it is over; the last thing that happens. */
  protected finish(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#soonTimer);
    this.#transport?.end();
    this.#pings = [];
    const streams = [...this.streams.values()];
    this.streams.clear();
    for (const stream of streams) {
      stream.over = true;
      this.sender.drop(stream);
      stream.events.closed(ErrorCode.CONNECT_ERROR, reason);
    }
    this.#onClosed?.(reason);
  }

  // StreamOwner.

  sendHeaders(stream: Stream, fields: Fields, end: boolean): void {
    this.sender.headers(stream, fields, end);
  }

  sendData(stream: Stream, bytes: Uint8Array, end: boolean): number {
    return this.sender.data(stream, bytes, end);
  }

  sendTrailers(stream: Stream, fields: Fields): void {
    this.sender.trailers(stream, fields);
  }

  resetByUser(stream: Stream, code: ErrorCode): void {
    this.resetStream(stream, code);
  }

  consume(stream: Stream, bytes: number): void {
    if (!this.#closed) this.#window.consumed(stream, bytes);
  }

  // Bytes in and out.

  #write(bytes: Uint8Array, release?: () => void): void {
    if (!this.#transport!.write(bytes, release)) this.sender.setBlocked(true);
  }

  #drained(): void {
    if (!this.#closed) this.sender.setBlocked(false);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.lastReceivedAt = this.now();
    try {
      const rest = this.onPreface(bytes);
      if (rest.length > 0) this.#reader.read(rest, this.#frameHandler);
      this.#checkUnsent();
    } catch (thrown) {
      if (!(thrown instanceof Http2Error)) throw thrown;
      this.abort(thrown.problem.code, thrown.message);
    }
  }

  /** A peer that does not read must not make us hold its answers. */
  #checkUnsent(): void {
    const unsent = this.#transport!.unsentBytes + this.outbox.length;
    if (unsent > this.limits.unsentBytesMax) {
      throw connectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "answers are not read",
      );
    }
  }

  #onFrame(frame: Frame): void {
    if (this.#closed) return;
    if (!this.#gotSettings) {
      if (frame.type !== FrameType.SETTINGS || frame.flags & Flag.ACK) {
        throw connectionError(
          ErrorCode.PROTOCOL_ERROR,
          "the first frame is not SETTINGS",
        );
      }
      this.#gotSettings = true;
    }
    if (this.#blocks.open && frame.type !== FrameType.CONTINUATION) {
      throw connectionError(
        ErrorCode.PROTOCOL_ERROR,
        "a header block was not completed",
      );
    }
    try {
      this.#dispatch(frame);
    } catch (thrown) {
      if (!(thrown instanceof Http2Error) || thrown.problem.kind !== "stream") {
        throw thrown;
      }
      const stream = this.streams.get(frame.streamId);
      // The peer made us do it: counts as its reset.
      this.spendReset();
      const { code } = thrown.problem;
      if (stream) this.resetStream(stream, code, thrown.message);
      else this.sendReset(frame.streamId, code);
    }
  }

  #dispatch(frame: Frame): void {
    switch (frame.type) {
      case FrameType.DATA:
        return this.#onData(frame);
      case FrameType.HEADERS:
        return this.#onHeadersFrame(frame);
      case FrameType.CONTINUATION:
        return this.#onContinuation(frame);
      case FrameType.WINDOW_UPDATE:
        return this.#onWindowUpdate(frame);
      case FrameType.RST_STREAM:
        return this.#onReset(frame);
      case FrameType.PUSH_PROMISE:
        throw connectionError(ErrorCode.PROTOCOL_ERROR, "push is not enabled");
    }
    this.#spendIdle();
    switch (frame.type) {
      case FrameType.SETTINGS:
        return this.#onSettings(frame);
      case FrameType.PING:
        return this.#onPing(frame);
      case FrameType.GOAWAY:
        return this.#onGoawayFrame(frame);
      case FrameType.PRIORITY:
        if (frame.streamId === 0) throw badStream("PRIORITY");
        if (frame.payload.length !== 5) {
          throw streamError(ErrorCode.FRAME_SIZE_ERROR, "PRIORITY");
        }
        return;
    }
    // Frames of other types are ignored (section 4.1).
  }

  #spendIdle(): void {
    if (!this.#idleFrames.spend(this.now)) {
      throw connectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "too many frames that do no work",
      );
    }
  }

  #onData(frame: Frame): void {
    if (frame.streamId === 0) throw badStream("DATA");
    const stream = this.streams.get(frame.streamId);
    const length = frame.payload.length;
    if (!stream) {
      this.#checkOpened(frame.streamId, "DATA");
      // It crossed our reset: only the connection's window must follow.
      this.#spendIdle();
      this.#window.received(length);
      return;
    }
    if (stream.remoteClosed) {
      this.#window.received(length);
      throw streamError(ErrorCode.STREAM_CLOSED, "DATA after END_STREAM");
    }
    this.lastWorkAt = this.lastReceivedAt;
    const body = unpadded(frame);
    const end = (frame.flags & Flag.END_STREAM) !== 0;
    if (body.length === 0 && !end) this.#spendIdle();
    else this.#idleFrames.earn(4);
    this.#window.received(length, stream);
    if (length > body.length) stream.consume(length - body.length);
    if (!stream.gotHeaders) {
      throw streamError(ErrorCode.PROTOCOL_ERROR, "DATA before HEADERS");
    }
    if (end) stream.remoteClosed = true;
    if (body.length > 0 || end) stream.events.data(body, end);
    if (end) this.onRemoteEnd(stream);
  }

  #onHeadersFrame(frame: Frame): void {
    if (frame.streamId === 0) throw badStream("HEADERS");
    this.lastWorkAt = this.lastReceivedAt;
    this.#idleFrames.earn(8);
    const block = this.#blocks.begin(frame);
    if (block) this.#headerBlock(frame.streamId, block);
  }

  #onContinuation(frame: Frame): void {
    const block = this.#blocks.add(frame);
    if (block) this.#headerBlock(frame.streamId, block);
  }

  #headerBlock(streamId: number, { bytes, end }: HeaderBlock): void {
    const decoded = this.#decoder.decode(bytes);
    this.onHeaders(
      streamId,
      decoded.kind === "fields" ? decoded.fields : undefined,
      end,
    );
  }

  #onWindowUpdate({ streamId, payload }: Frame): void {
    if (payload.length !== 4) {
      throw connectionError(ErrorCode.FRAME_SIZE_ERROR, "WINDOW_UPDATE");
    }
    this.#spendIdle();
    const bytes = readUint32(payload, 0) & 0x7fff_ffff;
    if (streamId === 0) {
      if (bytes === 0) {
        throw connectionError(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
      }
      this.sender.growConnection(bytes);
      return;
    }
    const stream = this.streams.get(streamId);
    if (!stream) return this.#checkOpened(streamId, "WINDOW_UPDATE");
    if (bytes === 0) {
      throw streamError(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
    }
    this.sender.growStream(stream, bytes);
  }

  #onReset({ streamId, payload }: Frame): void {
    if (streamId === 0) throw badStream("RST_STREAM");
    if (payload.length !== 4) {
      throw connectionError(ErrorCode.FRAME_SIZE_ERROR, "RST_STREAM");
    }
    this.spendReset();
    const stream = this.streams.get(streamId);
    if (!stream) return this.#checkOpened(streamId, "RST_STREAM");
    const code = readUint32(payload, 0);
    this.dropStream(stream);
    stream.events.closed(code, `reset by the peer: ${errorCodeName(code)}`);
  }

  #onSettings({ flags, streamId, payload }: Frame): void {
    if (streamId !== 0) throw badStream("SETTINGS");
    if (flags & Flag.ACK) {
      if (payload.length === 0) return;
      throw connectionError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS ack");
    }
    const settings = readSettings(payload);
    if (settings.headerTableBytes !== undefined) {
      this.sender.encoder.resize(settings.headerTableBytes);
    }
    if (settings.frameBytesMax !== undefined) {
      this.sender.setFrameBytesMax(settings.frameBytesMax);
    }
    this.outbox.frame(FrameType.SETTINGS, Flag.ACK, 0, new Uint8Array(0));
    this.scheduleFlush();
    if (settings.initialWindow !== undefined) {
      this.sender.setInitialWindow(
        settings.initialWindow,
        this.streams.values(),
      );
    }
    this.onPeerStreamsMax(settings.streamsMax ?? Infinity);
  }

  #onPing({ flags, streamId, payload }: Frame): void {
    if (streamId !== 0) throw badStream("PING");
    if (payload.length !== PING_BYTES) {
      throw connectionError(ErrorCode.FRAME_SIZE_ERROR, "PING");
    }
    if (flags & Flag.ACK) {
      this.#pings.shift()?.();
      return;
    }
    this.outbox.frame(FrameType.PING, Flag.ACK, 0, payload);
    this.#flushSoon();
  }

  #onGoawayFrame({ streamId, payload }: Frame): void {
    if (streamId !== 0) throw badStream("GOAWAY");
    if (payload.length < 8) {
      throw connectionError(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY");
    }
    const last = readUint32(payload, 0) & 0x7fff_ffff;
    this.onGoaway(last, readUint32(payload, 4));
  }

  #checkOpened(streamId: number, what: string): void {
    if (this.wasOpened(streamId)) return;
    throw connectionError(
      ErrorCode.PROTOCOL_ERROR,
      `${what} on idle stream ${streamId}`,
    );
  }
}

function badStream(what: string): Http2Error {
  return connectionError(ErrorCode.PROTOCOL_ERROR, `${what} on a wrong stream`);
}
