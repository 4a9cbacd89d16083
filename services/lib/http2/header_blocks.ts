/**
 * Puts header blocks together from HEADERS and CONTINUATION (RFC 9113 sections
 * 6.2 and 6.10), within limits: a peer may not send them without end.
 */
import { ErrorCode, Flag } from "./constants.ts";
import { connectionError } from "./errors.ts";
import type { Frame } from "./frame_reader.ts";
import type { Limits } from "./limits.ts";

const PRIORITY_BYTES = 5;

/** A whole header block. */
export interface HeaderBlock {
  readonly bytes: Uint8Array;
  /** END_STREAM came with it. */
  readonly end: boolean;
}

/** The header blocks of one connection; at most one is open at a time. */
export class HeaderBlocks {
  readonly #limits: Limits;
  #streamId = 0;
  #end = false;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Only CONTINUATION may come now. */
  get open(): boolean {
    return this.#streamId !== 0;
  }

  /** Takes HEADERS; returns the block when it is whole. */
  begin(frame: Frame): HeaderBlock | undefined {
    let bytes = unpadded(frame);
    if (frame.flags & Flag.PRIORITY) {
      if (bytes.length < PRIORITY_BYTES) {
        throw connectionError(ErrorCode.FRAME_SIZE_ERROR, "HEADERS");
      }
      bytes = bytes.subarray(PRIORITY_BYTES);
    }
    const end = (frame.flags & Flag.END_STREAM) !== 0;
    if (frame.flags & Flag.END_HEADERS) return { bytes, end };
    this.#streamId = frame.streamId;
    this.#end = end;
    this.#pieces = [bytes.slice()];
    this.#bytes = bytes.length;
    return undefined;
  }

  /** Takes CONTINUATION; returns the block when it is whole. */
  add(frame: Frame): HeaderBlock | undefined {
    if (!this.open || this.#streamId !== frame.streamId) {
      throw connectionError(
        ErrorCode.PROTOCOL_ERROR,
        "CONTINUATION of no header block",
      );
    }
    this.#bytes += frame.payload.length;
    if (
      this.#pieces.length > this.#limits.continuationsMax ||
      this.#bytes > this.#limits.headerBlockBytes
    ) {
      throw connectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "header block too large",
      );
    }
    this.#pieces.push(frame.payload.slice());
    if (!(frame.flags & Flag.END_HEADERS)) return undefined;
    return { bytes: this.#take(), end: this.#end };
  }

  #take(): Uint8Array {
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#streamId = 0;
    return whole;
  }
}

/** The payload without padding (DATA, HEADERS). */
export function unpadded({ flags, payload }: Frame): Uint8Array {
  if (!(flags & Flag.PADDED)) return payload;
  const padding = payload[0] ?? payload.length;
  if (padding >= payload.length) {
    throw connectionError(ErrorCode.PROTOCOL_ERROR, "padding exceeds frame");
  }
  return payload.subarray(1, payload.length - padding);
}
