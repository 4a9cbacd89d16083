/**
 * One call that came to a relay, from its header list to its log line: answers
 * it once, keeps its deadline, knows its status at the end.
 */
import { ErrorCode } from "../http2/constants.ts";
import type { Fields } from "../http2/fields.ts";
import type { StreamHandle } from "../http2/stream.ts";
import { Code, type Status } from "../rpc/status.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { readStatus, statusOnly, statusTrailers } from "./grpc_wire.ts";

/** What every call of a daemon shares. */
export interface CallContext {
  readonly deadlines: Deadlines;
  /** Any monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** The call is over; for the access log. */
  readonly onDone: (done: DoneCall) => void;
}

/** A call that is over. */
export interface DoneCall {
  readonly path: string;
  readonly durationMs: number;
  readonly status: Status;
  readonly fields: Fields;
}

const OK: Status = { code: Code.OK, message: "" };
const LATE: Status = {
  code: Code.DeadlineExceeded,
  message: "context deadline exceeded",
};
const CANCELED: Status = { code: Code.Canceled, message: "context canceled" };

/** Answers one call. */
export class IncomingCall {
  readonly path: string;
  readonly fields: Fields;
  readonly stream: StreamHandle;
  readonly #context: CallContext;
  readonly #started: number;
  #answered = false;
  #done = false;
  #deadline: Deadline | undefined;
  #onEnd: (() => void) | undefined;

  constructor(
    stream: StreamHandle,
    fields: Fields,
    options: { path: string; context: CallContext },
  ) {
    this.stream = stream;
    this.fields = fields;
    this.path = options.path;
    this.#context = options.context;
    this.#started = options.context.now();
  }

  /** It was answered, or the client is gone. */
  get done(): boolean {
    return this.#done;
  }

  /** Milliseconds since it came. */
  get ageMs(): number {
    return this.#context.now() - this.#started;
  }

  /**
   * `onEnd` lets go of whatever still works for the call; it runs when the
   * deadline passes or the client cancels, not after an ordinary answer.
   * With `onLate` the user answers a late call.
   */
  watch(
    timeoutMs: number | undefined,
    { onEnd, onLate }: { onEnd: () => void; onLate?: () => void },
  ): void {
    this.#onEnd = onEnd;
    if (timeoutMs === undefined || this.#done) return;
    this.#deadline = this.#context.deadlines.add(timeoutMs, () => {
      if (this.#done) return;
      if (onLate) return onLate();
      this.fail(LATE);
      onEnd();
    });
  }

  /** Begins the answer. */
  headers(fields: Fields, end: boolean): void {
    if (this.#done) return;
    this.#answered = true;
    this.stream.headers(fields, end);
    if (end) this.#finish(readStatus(fields) ?? OK);
  }

  /** Sends octets of the answer; returns how many of them have to wait. */
  data(bytes: Uint8Array, end: boolean): number {
    if (this.#done) return 0;
    const queued = this.stream.data(bytes, end);
    if (end) this.#finish(OK);
    return queued;
  }

  /** Ends the answer. */
  trailers(fields: Fields): void {
    if (this.#done) return;
    this.stream.trailers(fields);
    this.#finish(readStatus(fields) ?? OK);
  }

  /** Ends the call with `status`, whatever was sent before. */
  fail(status: Status): void {
    if (this.#done) return;
    if (this.#answered) this.stream.trailers(statusTrailers(status));
    else this.stream.headers(statusOnly(status), true);
    this.#finish(status);
  }

  /** The client is gone: nobody reads an answer. */
  cancelled(): void {
    if (this.#done) return;
    this.#finish(CANCELED);
    this.#onEnd?.();
  }

  /** Ends without an answer that gRPC would understand. */
  abort(): void {
    if (this.#done) return;
    this.stream.reset(ErrorCode.INTERNAL_ERROR);
    this.#finish({ code: Code.Internal, message: "aborted" });
  }

  #finish(status: Status): void {
    this.#done = true;
    this.#deadline?.cancel();
    const { path, fields } = this;
    this.#context.onDone({ path, fields, status, durationMs: this.ageMs });
  }
}
