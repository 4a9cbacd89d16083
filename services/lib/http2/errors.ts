/**
 * What may go wrong in HTTP/2: a connection error ends the connection with
 * GOAWAY, a stream error one stream with RST_STREAM (RFC 9113 section 5.4).
 */
import { AgentError } from "../errors.ts";
import { type ErrorCode, errorCodeName } from "./constants.ts";

/** Which of the two, and its code. */
export interface Http2Problem {
  readonly kind: "connection" | "stream";
  readonly code: ErrorCode;
}

/** A broken rule of the protocol, or one of our limits. */
export class Http2Error extends AgentError<Http2Problem> {
  override name = "Http2Error";
}

/** An error that ends the connection. */
export function connectionError(code: ErrorCode, what: string): Http2Error {
  return new Http2Error(
    { kind: "connection", code },
    `${errorCodeName(code)}: ${what}`,
  );
}

/** An error that ends one stream. */
export function streamError(code: ErrorCode, what: string): Http2Error {
  return new Http2Error(
    { kind: "stream", code },
    `${errorCodeName(code)}: ${what}`,
  );
}
