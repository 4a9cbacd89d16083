/**
 * gRPC's framing of messages in a body (PROTOCOL-HTTP2.md), sans-IO:
 *
 *     | compressed 1 | length 4 | message ... |
 */
import { AgentError } from "#lib/errors.ts";

/** Longer messages are refused, as peers of the seed do. */
export const MESSAGE_BYTES_MAX = 4 << 20;
const PREFIX_BYTES = 5;

/** A body that cannot be cut into messages. */
export class FramingError extends AgentError<
  { readonly kind: "internal" | "resourceExhausted" }
> {
  override name = "FramingError";
}

/** The prefix of a message of `length` octets. */
export function messagePrefix(length: number): Uint8Array {
  return Uint8Array.of(
    0,
    length >>> 24,
    length >>> 16,
    length >>> 8,
    length,
  );
}

/** Cuts the pieces of one body into messages. */
export class MessageReader {
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #prefixHave = 0;
  #message: Uint8Array | undefined;
  #have = 0;

  /** A message has begun and not ended. */
  get partial(): boolean {
    return this.#prefixHave > 0 || this.#message !== undefined;
  }

  /**
   * Takes the next piece and hands on each message that it completes. What is
   * handed on is the reader's no more.
   *
   * @throws {FramingError}
   */
  read(piece: Uint8Array, onMessage: (message: Uint8Array) => void): void {
    let at = 0;
    while (at < piece.length || this.#message?.length === this.#have) {
      if (!this.#message) {
        const take = Math.min(
          PREFIX_BYTES - this.#prefixHave,
          piece.length - at,
        );
        this.#prefix.set(piece.subarray(at, at + take), this.#prefixHave);
        this.#prefixHave += take;
        at += take;
        if (this.#prefixHave < PREFIX_BYTES) return;
        this.#begin();
      }
      const message = this.#message!;
      const take = Math.min(message.length - this.#have, piece.length - at);
      message.set(piece.subarray(at, at + take), this.#have);
      this.#have += take;
      at += take;
      if (this.#have < message.length) return;
      this.#message = undefined;
      onMessage(message);
    }
  }

  #begin(): void {
    const [compressed, a, b, c, d] = this.#prefix;
    if (compressed !== 0) {
      throw new FramingError(
        { kind: "internal" },
        "the node compressed its answer, which was not asked for",
      );
    }
    const length = ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0;
    if (length > MESSAGE_BYTES_MAX) {
      throw new FramingError(
        { kind: "resourceExhausted" },
        `received message larger than max (${length} vs. ${MESSAGE_BYTES_MAX})`,
      );
    }
    this.#prefixHave = 0;
    this.#message = new Uint8Array(length);
    this.#have = 0;
  }
}
