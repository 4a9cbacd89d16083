/**
 * The receiving half of flow control. A stream's window is given back as its
 * user consumes. The connection's window is given back as octets come, so
 * that one slow stream does not hold up the others, but only while what all
 * streams have not consumed stays below a limit.
 */
import { ErrorCode } from "./constants.ts";
import { connectionError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { Stream } from "./stream.ts";

/** Sends WINDOW_UPDATE; stream 0 is the connection. */
export type Credit = (streamId: number, bytes: number) => void;

/** Counts what came, what is held, and what was given back. */
export class ReceiveWindow {
  readonly #limits: Limits;
  readonly #credit: Credit;
  /** Received since the last WINDOW_UPDATE of the connection. */
  #uncredited = 0;
  /** Received and not consumed, over all streams. */
  #held = 0;

  constructor(limits: Limits, credit: Credit) {
    this.#limits = limits;
    this.#credit = credit;
  }

  /** Received and not consumed, over all streams. */
  get heldBytes(): number {
    return this.#held;
  }

  /** DATA of `bytes` octets came; `stream` is undefined when it is gone. */
  received(bytes: number, stream?: Stream): void {
    this.#uncredited += bytes;
    if (this.#uncredited > this.#limits.connectionWindowBytes) {
      throw connectionError(
        ErrorCode.FLOW_CONTROL_ERROR,
        "connection window exceeded",
      );
    }
    if (stream) {
      stream.recvWindow -= bytes;
      if (stream.recvWindow < 0) {
        throw connectionError(
          ErrorCode.FLOW_CONTROL_ERROR,
          "stream window exceeded",
        );
      }
      stream.unconsumed += bytes;
      this.#held += bytes;
    }
    this.#creditConnection();
  }

  /** The user of `stream` is done with `bytes` octets. */
  consumed(stream: Stream, bytes: number): void {
    const taken = Math.min(bytes, stream.unconsumed);
    stream.unconsumed -= taken;
    this.#held -= taken;
    stream.uncredited += taken;
    if (
      !stream.remoteClosed && !stream.over &&
      stream.uncredited * 2 >= this.#limits.streamWindowBytes
    ) {
      this.#credit(stream.id, stream.uncredited);
      stream.recvWindow += stream.uncredited;
      stream.uncredited = 0;
    }
    this.#creditConnection();
  }

  /** `stream` is over; what it held is free. */
  released(stream: Stream): void {
    this.#held -= stream.unconsumed;
    stream.unconsumed = 0;
    this.#creditConnection();
  }

  #creditConnection(): void {
    if (
      this.#uncredited * 2 < this.#limits.connectionWindowBytes ||
      this.#held >= this.#limits.bufferedBytesMax
    ) return;
    this.#credit(0, this.#uncredited);
    this.#uncredited = 0;
  }
}
