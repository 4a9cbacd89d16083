/**
 * The only place of gRPC status codes: what was thrown becomes a status, and a
 * status from a peer becomes an {@linkcode RpcError}.
 *
 * A plain Error is Unknown with its text, as seed-era peers send and expect.
 * An AgentError whose `problem.kind` spells a code (`notFound`, `not-found`,
 * `invalid_argument` ...) or is listed below gets that code.
 */
import { AssertionError } from "../assert.ts";
import { AgentError, chainOf } from "../errors.ts";

/** gRPC codes by their Go name, which is how text forms spell them. */
export const Code = {
  OK: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;
export type CodeName = keyof typeof Code;
export type Code = (typeof Code)[CodeName];

const NAMES = new Map<number, CodeName>(
  Object.entries(Code).map(([name, code]) => [code, name as CodeName]),
);

/** `PermissionDenied` for 7; `Code(99)` for what has no name, as Go prints it. */
export function codeName(code: number): string {
  return NAMES.get(code) ?? `Code(${code})`;
}

/** What a status is on the wire. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/** `rpc error: code = Unavailable desc = gone`, as Go prints a status. */
export function statusText(status: Status): string {
  return `rpc error: code = ${codeName(status.code)} desc = ${status.message}`;
}

/** The problem of an {@linkcode RpcError}. */
export interface RpcProblem {
  readonly kind: "rpc";
  readonly code: number;
  readonly details: string;
}

/** A call that ended with a status other than OK; its message is the text form. */
export class RpcError extends AgentError<RpcProblem> {
  override name = "RpcError";

  constructor(code: number, details: string, options?: ErrorOptions) {
    super(
      { kind: "rpc", code, details },
      statusText({ code, message: details }),
      options,
    );
  }

  /** The number of the code. */
  get code(): number {
    return this.problem.code;
  }

  /** The name of the code, for instance `Unavailable`. */
  get codeName(): string {
    return codeName(this.problem.code);
  }

  /** The text without the code. */
  get details(): string {
    return this.problem.details;
  }
}

/** A status by the name of its code, for handlers that must choose one. */
export function rpcError(name: CodeName, details: string): RpcError {
  return new RpcError(Code[name], details);
}

/** `notFound`, `not-found` and `NOT_FOUND` are the same kind. */
function plainKind(kind: string): string {
  return kind.replaceAll(/[-_]/g, "").toLowerCase();
}

/** Codes by the kind of a problem; kinds that spell a code are in it too. */
const CODE_OF_KIND = new Map<string, Code>([
  ...Object.entries(Code)
    .filter(([, code]) => code !== Code.OK)
    .map(([name, code]) => [plainKind(name), code] as const),
  ["cancelled", Code.Canceled],
  ["denied", Code.PermissionDenied],
  ["invalid", Code.InvalidArgument],
  ["timeout", Code.DeadlineExceeded],
  ["toolarge", Code.ResourceExhausted],
]);

/** Whether only a bug of ours can have thrown this. */
export function isProgrammerError(thrown: unknown): boolean {
  return thrown instanceof AssertionError || thrown instanceof TypeError ||
    thrown instanceof RangeError || thrown instanceof ReferenceError;
}

function codeOf(thrown: unknown): number {
  if (thrown instanceof RpcError) return thrown.code;
  if (thrown instanceof AgentError) {
    return CODE_OF_KIND.get(plainKind(thrown.problem.kind)) ?? Code.Unknown;
  }
  if (thrown instanceof DOMException) {
    if (thrown.name === "AbortError") return Code.Canceled;
    if (thrown.name === "TimeoutError") return Code.DeadlineExceeded;
  }
  return isProgrammerError(thrown) ? Code.Internal : Code.Unknown;
}

/** Status texts are trailers; longer ones would break the header limit of peers. */
const MESSAGE_CHARS_MAX = 4096;

/** An unpaired surrogate cannot be percent-encoded into a trailer. */
function fitForTrailer(text: string): string {
  return text.slice(0, MESSAGE_CHARS_MAX).toWellFormed();
}

/** The status that a server answers after a handler threw. */
export function toStatus(thrown: unknown): Status {
  const message = thrown instanceof RpcError ? thrown.details : chainOf(thrown);
  return { code: codeOf(thrown), message: fitForTrailer(message) };
}

/** The error that a client throws for a status; OK has none. */
export function fromStatus(status: Status): RpcError | undefined {
  if (status.code === Code.OK) return undefined;
  return new RpcError(status.code, status.message);
}
