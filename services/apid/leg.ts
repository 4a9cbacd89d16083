/** One node of a call to several: its stream, its messages, how it ended. */
import type { Fields } from "#lib/http2/fields.ts";
import { ErrorCode } from "#lib/http2/constants.ts";
import type { StreamEvents, StreamHandle } from "#lib/http2/stream.ts";
import { httpStatus, readStatus, resetStatus } from "#lib/relay/grpc_wire.ts";
import { Code, type Status, toStatus } from "#lib/rpc/status.ts";
import { FramingError, MessageReader } from "./messages.ts";

/** What a leg tells. */
export interface LegOptions {
  /** As the call names the node. */
  readonly hostname: string;
  /** A whole message; `credit` octets are to be given back by `consume`. */
  readonly onMessage: (message: Uint8Array, credit: number) => void;
  /** Once: undefined is OK. */
  readonly onDone: (status: Status | undefined) => void;
  /** Octets of the request have left. */
  readonly onSent: () => void;
}

/** One node of a call. */
export class Leg implements StreamEvents {
  readonly #options: LegOptions;
  readonly #reader = new MessageReader();
  #done = false;
  #behind = 0;
  stream!: StreamHandle;

  constructor(options: LegOptions) {
    this.#options = options;
  }

  get hostname(): string {
    return this.#options.hostname;
  }

  /** Octets of the request that wait; 0 when the node takes no more. */
  get behind(): number {
    return this.#done ? 0 : this.#behind;
  }

  /** Sends octets of the request. */
  send(bytes: Uint8Array, end: boolean): void {
    if (!this.#done) this.#behind += this.stream.data(bytes, end);
  }

  /** Gives octets of the answer back. */
  consume(bytes: number): void {
    this.stream.consume(bytes);
  }

  /** Ends it with a status of ours. */
  fail(status: Status): void {
    if (this.#done) return;
    this.stream?.reset(ErrorCode.CANCEL);
    this.#finish(status);
  }

  /** Nobody wants its answer any more. */
  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    this.stream?.reset(ErrorCode.CANCEL);
  }

  headers(fields: Fields, end: boolean): void {
    const failed = httpStatus(fields);
    if (failed) this.fail(failed);
    else if (end) this.#end(fields);
  }

  data(bytes: Uint8Array, end: boolean): void {
    if (this.#done) return;
    let messages = 0;
    try {
      this.#reader.read(bytes, (message) => {
        if (this.#done) return;
        // All of the piece is credited with the first message that it ends.
        this.#options.onMessage(message, messages++ === 0 ? bytes.length : 0);
      });
    } catch (thrown) {
      if (!(thrown instanceof FramingError)) throw thrown;
      this.fail(toStatus(thrown));
      return;
    }
    // A message may be longer than the window.
    if (messages === 0) this.consume(bytes.length);
    if (end) this.fail({ code: Code.Internal, message: "no grpc-status" });
  }

  trailers(fields: Fields): void {
    this.#end(fields);
  }

  sent(bytes: number): void {
    this.#behind -= bytes;
    this.#options.onSent();
  }

  closed(code: number, reason: string): void {
    this.#finish(resetStatus(code, reason));
  }

  #end(fields: Fields): void {
    const status = readStatus(fields) ??
      { code: Code.Internal, message: "no grpc-status" };
    if (status.code !== Code.OK) this.#finish(status);
    else if (this.#reader.partial) {
      this.#finish({ code: Code.Internal, message: "unexpected EOF" });
    } else this.#finish(undefined);
  }

  #finish(status: Status | undefined): void {
    if (this.#done) return;
    this.#done = true;
    this.#options.onDone(status);
  }
}
