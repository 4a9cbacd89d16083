/**
 * Cuts a byte stream into frames (RFC 9113 section 4), whatever the pieces it
 * comes in. Payloads that lie in one piece are views of it: who keeps one
 * beyond the call copies it.
 *
 *      0       3      4       5            9
 *      | length | type | flags | R stream  | payload ...
 */
import { connectionError } from "./errors.ts";
import { ErrorCode, FRAME_HEADER_BYTES } from "./constants.ts";

/** One frame. The reader uses the same object for the next. */
export interface Frame {
  type: number;
  flags: number;
  streamId: number;
  payload: Uint8Array;
}

/** Collects frames of up to `frameBytesMax` octets of payload. */
export class FrameReader {
  readonly #frameBytesMax: number;
  readonly #frame: Frame = {
    type: 0,
    flags: 0,
    streamId: 0,
    payload: new Uint8Array(0),
  };
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerHave = 0;
  #payload: Uint8Array | undefined;
  #payloadHave = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * Takes the next piece and hands on every frame that it completes.
   *
   * @throws {Http2Error} when a frame is longer than allowed
   */
  read(piece: Uint8Array, onFrame: (frame: Frame) => void): void {
    let at = 0;
    if (this.#headerHave > 0 || this.#payload) {
      at = this.#resume(piece, onFrame);
      if (at < 0) return;
    }
    while (piece.length - at >= FRAME_HEADER_BYTES) {
      const length = this.#parseHeader(piece, at);
      const from = at + FRAME_HEADER_BYTES;
      if (piece.length - from < length) {
        this.#keepPayload(piece.subarray(from), length);
        return;
      }
      at = from + length;
      this.#emit(piece.subarray(from, at), onFrame);
    }
    this.#header.set(piece.subarray(at));
    this.#headerHave = piece.length - at;
  }

  /** Completes the frame that earlier pieces began; -1 when it needs more. */
  #resume(piece: Uint8Array, onFrame: (frame: Frame) => void): number {
    let at = 0;
    if (!this.#payload) {
      at = Math.min(FRAME_HEADER_BYTES - this.#headerHave, piece.length);
      this.#header.set(piece.subarray(0, at), this.#headerHave);
      this.#headerHave += at;
      if (this.#headerHave < FRAME_HEADER_BYTES) return -1;
      this.#headerHave = 0;
      this.#keepPayload(new Uint8Array(0), this.#parseHeader(this.#header, 0));
    }
    const payload = this.#payload!;
    const take = Math.min(
      payload.length - this.#payloadHave,
      piece.length - at,
    );
    payload.set(piece.subarray(at, at + take), this.#payloadHave);
    this.#payloadHave += take;
    if (this.#payloadHave < payload.length) return -1;
    this.#payload = undefined;
    this.#emit(payload, onFrame);
    return at + take;
  }

  #keepPayload(have: Uint8Array, length: number): void {
    this.#payload = new Uint8Array(length);
    this.#payload.set(have);
    this.#payloadHave = have.length;
  }

  #parseHeader(bytes: Uint8Array, at: number): number {
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    if (length > this.#frameBytesMax) {
      throw connectionError(
        ErrorCode.FRAME_SIZE_ERROR,
        `frame of ${length} bytes`,
      );
    }
    const frame = this.#frame;
    frame.type = bytes[at + 3]!;
    frame.flags = bytes[at + 4]!;
    frame.streamId = readUint32(bytes, at + 5) & 0x7fff_ffff;
    return length;
  }

  #emit(payload: Uint8Array, onFrame: (frame: Frame) => void): void {
    this.#frame.payload = payload;
    onFrame(this.#frame);
  }
}

/** The big-endian number at `at`. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) |
    (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
