/**
 * Frames on their way out. What one turn of the event loop produces is copied
 * into one buffer and leaves in one write: a call's HEADERS, DATA and trailers
 * cost one system call, whatever their number.
 */
import { Flag, FRAME_HEADER_BYTES, FrameType } from "./constants.ts";

/** Room for a turn; what is larger leaves at once. */
const BUFFER_BYTES = 65_536;
/** Below this a write is copied out, so that the buffer may stay. */
const COPY_BYTES = 16_384;

/** Buffers that were written and may be used again, by all connections. */
const FREE: Uint8Array<ArrayBuffer>[] = [];
const FREE_MAX = 8;

function takeBuffer(): Uint8Array<ArrayBuffer> {
  return FREE.pop() ?? new Uint8Array(BUFFER_BYTES);
}

function giveBack(buffer: Uint8Array<ArrayBuffer>): void {
  if (FREE.length < FREE_MAX) FREE.push(buffer);
}

/** Takes bytes; `release` says that they are not looked at any more. */
export type Write = (bytes: Uint8Array, release?: () => void) => void;

/** Writes frames; `flush` hands on what came since the last one. */
export class Outbox {
  readonly #write: Write;
  #buffer = new Uint8Array(0);
  #length = 0;

  /** `write` takes bytes that are not touched until they are released. */
  constructor(write: Write) {
    this.#write = write;
  }

  /** Bytes that wait for the next flush. */
  get length(): number {
    return this.#length;
  }

  /** Appends bytes that are no frame (the preface). */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends one frame, copying `payload`. */
  frame(
    type: number,
    flags: number,
    streamId: number,
    payload: Uint8Array,
  ): void {
    this.#header(type, { flags, streamId, length: payload.length });
    this.#buffer.set(payload, this.#length);
    this.#length += payload.length;
  }

  /** RST_STREAM, WINDOW_UPDATE: one number. */
  number(type: number, streamId: number, value: number): void {
    this.#header(type, { flags: 0, streamId, length: 4 });
    this.#length = putUint32(this.#buffer, this.#length, value);
  }

  settings(pairs: readonly (readonly [number, number])[]): void {
    const length = pairs.length * 6;
    this.#header(FrameType.SETTINGS, { flags: 0, streamId: 0, length });
    for (const [id, value] of pairs) {
      this.#buffer[this.#length++] = id >> 8;
      this.#buffer[this.#length++] = id;
      this.#length = putUint32(this.#buffer, this.#length, value);
    }
  }

  goaway(lastStreamId: number, code: number, debug: Uint8Array): void {
    const length = 8 + debug.length;
    this.#header(FrameType.GOAWAY, { flags: 0, streamId: 0, length });
    this.#length = putUint32(this.#buffer, this.#length, lastStreamId);
    this.#length = putUint32(this.#buffer, this.#length, code);
    this.#buffer.set(debug, this.#length);
    this.#length += debug.length;
  }

  /** A header block in HEADERS and as many CONTINUATIONs as it needs. */
  headers(
    streamId: number,
    block: Uint8Array,
    options: { end: boolean; frameBytesMax: number },
  ): void {
    const { end, frameBytesMax } = options;
    let type: number = FrameType.HEADERS;
    let flags: number = end ? Flag.END_STREAM : 0;
    let at = 0;
    while (block.length - at > frameBytesMax) {
      const piece = block.subarray(at, at + frameBytesMax);
      this.frame(type, flags, streamId, piece);
      at += frameBytesMax;
      type = FrameType.CONTINUATION;
      flags = 0;
    }
    const last = at === 0 ? block : block.subarray(at);
    this.frame(type, flags | Flag.END_HEADERS, streamId, last);
  }

  /** Hands everything to the transport. */
  flush(): void {
    const length = this.#length;
    if (length === 0) return;
    this.#length = 0;
    if (length < COPY_BYTES) {
      this.#write(this.#buffer.slice(0, length));
      return;
    }
    const full = this.#buffer;
    this.#buffer = new Uint8Array(0);
    const pooled = full.length === BUFFER_BYTES;
    this.#write(
      full.subarray(0, length),
      pooled ? () => giveBack(full) : undefined,
    );
  }

  #header(
    type: number,
    { flags, streamId, length }: {
      flags: number;
      streamId: number;
      length: number;
    },
  ): void {
    this.#reserve(FRAME_HEADER_BYTES + length);
    const buffer = this.#buffer;
    let at = this.#length;
    buffer[at++] = length >> 16;
    buffer[at++] = length >> 8;
    buffer[at++] = length;
    buffer[at++] = type;
    buffer[at++] = flags;
    this.#length = putUint32(buffer, at, streamId);
  }

  #reserve(bytes: number): void {
    if (this.#buffer.length - this.#length >= bytes) return;
    this.flush();
    if (this.#buffer.length >= bytes) return;
    this.#buffer = bytes > BUFFER_BYTES ? new Uint8Array(bytes) : takeBuffer();
  }
}

function putUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}
