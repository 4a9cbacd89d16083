/**
 * Messages in the octets of a gRPC stream, and back.
 *
 *   0        1                5
 *   | flag 0 | length (BE u32) | message ...
 *
 * Flag 1 would be a compressed message; nobody here offers to read one.
 */
import { type RpcError, rpcError } from "./status.ts";

const HEAD_BYTES = 5;

/** The octets of one message. */
export function frameMessage(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, HEAD_BYTES);
  return frame;
}

/** Cuts a stream of octets into messages. */
export class MessageReader {
  readonly #bytesMax: number;
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headHave = 0;
  #body: Uint8Array | undefined;
  #bodyHave = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Nothing of a message has come without its rest. */
  get between(): boolean {
    return this.#headHave === 0;
  }

  /**
   * Takes octets, which are only lent; returns the messages that they end.
   *
   * @throws {RpcError} for a compressed or oversized message.
   */
  push(bytes: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let rest = bytes;
    while (rest.length > 0 || this.#complete) {
      if (this.#body === undefined) rest = this.#takeHead(rest);
      else rest = this.#takeBody(rest);
      if (!this.#complete) continue;
      messages.push(this.#body!);
      this.#body = undefined;
      this.#headHave = this.#bodyHave = 0;
    }
    return messages;
  }

  get #complete(): boolean {
    return this.#body !== undefined && this.#bodyHave === this.#body.length;
  }

  #takeHead(bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, HEAD_BYTES - this.#headHave);
    this.#head.set(taken, this.#headHave);
    this.#headHave += taken.length;
    if (this.#headHave === HEAD_BYTES) this.#start();
    return bytes.subarray(taken.length);
  }

  #start(): void {
    if (this.#head[0] !== 0) {
      throw rpcError("Unimplemented", "compressed messages are not supported");
    }
    const length = new DataView(this.#head.buffer).getUint32(1);
    if (length > this.#bytesMax) throw tooLarge(length, this.#bytesMax);
    this.#body = new Uint8Array(length);
  }

  #takeBody(bytes: Uint8Array): Uint8Array {
    const body = this.#body!;
    const taken = bytes.subarray(0, body.length - this.#bodyHave);
    body.set(taken, this.#bodyHave);
    this.#bodyHave += taken.length;
    return bytes.subarray(taken.length);
  }
}

function tooLarge(length: number, max: number): RpcError {
  return rpcError(
    "ResourceExhausted",
    `received message larger than max (${length} vs. ${max})`,
  );
}

const UNITS = [["m", 1], ["S", 1_000], ["M", 60_000], [
  "H",
  3_600_000,
]] as const;
const TIMEOUT_DIGITS_MAX = 99_999_999;

/** A `grpc-timeout` of at least `ms`, in at most eight digits. */
export function timeoutText(ms: number): string {
  for (const [unit, unitMs] of UNITS) {
    const count = Math.max(0, Math.ceil(ms / unitMs));
    if (count <= TIMEOUT_DIGITS_MAX) return `${count}${unit}`;
  }
  return `${TIMEOUT_DIGITS_MAX}H`;
}
