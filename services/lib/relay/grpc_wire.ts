/**
 * gRPC over HTTP/2 as a relay sees it: status in trailers, time-outs, how an
 * HTTP/2 error reads as a status. No messages. The specification is gRPC's
 * PROTOCOL-HTTP2.md.
 */
import { ErrorCode } from "../http2/constants.ts";
import { Fields } from "../http2/fields.ts";
import { Code, type Status } from "../rpc/status.ts";

/** Longer texts could exceed the header limits of peers. */
const MESSAGE_CHARS_MAX = 4096;
/** An answer that is only a status; its fields come before these. */
const HEAD = [":status", "200", "content-type", "application/grpc"] as const;

/** Trailers that carry `status`. */
export function statusTrailers(status: Status): Fields {
  return new Fields(statusPairs(status));
}

/** A whole answer that carries nothing but `status`. */
export function statusOnly(status: Status): Fields {
  return new Fields([...HEAD, ...statusPairs(status)]);
}

/** The header list before messages. */
export const RESPONSE_HEAD = new Fields(HEAD, true);
/** Trailers of a call that went well. */
export const OK_TRAILERS = Fields.of(["grpc-status", "0"], [
  "grpc-message",
  "",
]);

function statusPairs({ code, message }: Status): string[] {
  return [
    "grpc-status",
    String(code),
    "grpc-message",
    encodeMessage(message.slice(0, MESSAGE_CHARS_MAX)),
  ];
}

/** Percent-encodes what is not printable ASCII, and `%`. */
export function encodeMessage(text: string): string {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(text)) return text.trim();
  let out = "";
  for (const octet of new TextEncoder().encode(text)) {
    out += octet >= 0x20 && octet <= 0x7e && octet !== 0x25
      ? String.fromCharCode(octet)
      : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out.trim();
}

/** Undoes {@linkcode encodeMessage}; what is no escape stays as it is. */
export function decodeMessage(text: string): string {
  if (!text.includes("%")) return text;
  const octets: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const digits = text.slice(i + 1, i + 3);
    if (text[i] === "%" && /^[0-9a-f]{2}$/i.test(digits)) {
      octets.push(parseInt(digits, 16));
      i += 2;
    } else octets.push(text.charCodeAt(i) & 255);
  }
  return new TextDecoder().decode(Uint8Array.from(octets));
}

/** The status in trailers (or in an answer that is only a status). */
export function readStatus(fields: Fields): Status | undefined {
  const code = fields.get("grpc-status");
  if (code === undefined) return undefined;
  if (!/^\d{1,3}$/.test(code)) {
    return { code: Code.Unknown, message: `malformed grpc-status: ${code}` };
  }
  return {
    code: Number(code),
    message: decodeMessage(fields.get("grpc-message") ?? ""),
  };
}

const HTTP_STATUS: Readonly<Record<string, Code>> = {
  "400": Code.Internal,
  "401": Code.Unauthenticated,
  "403": Code.PermissionDenied,
  "404": Code.Unimplemented,
  "429": Code.Unavailable,
  "502": Code.Unavailable,
  "503": Code.Unavailable,
  "504": Code.Unavailable,
};

/** The status of a response that is not gRPC; undefined when it is. */
export function httpStatus(fields: Fields): Status | undefined {
  const status = fields.get(":status") ?? "";
  if (status === "200") return undefined;
  const code = Object.hasOwn(HTTP_STATUS, status)
    ? HTTP_STATUS[status]!
    : Code.Unknown;
  return { code, message: `unexpected HTTP status code ${status}` };
}

const RESET_STATUS: Readonly<Record<number, Code>> = {
  [ErrorCode.REFUSED_STREAM]: Code.Unavailable,
  [ErrorCode.CANCEL]: Code.Canceled,
  [ErrorCode.CONNECT_ERROR]: Code.Unavailable,
  [ErrorCode.ENHANCE_YOUR_CALM]: Code.ResourceExhausted,
  [ErrorCode.INADEQUATE_SECURITY]: Code.PermissionDenied,
};

/** The status of a stream that was closed with an HTTP/2 error. */
export function resetStatus(code: number, reason: string): Status {
  return { code: RESET_STATUS[code] ?? Code.Internal, message: reason };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Milliseconds of a `grpc-timeout`; undefined when it is none. */
export function parseTimeout(text: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text);
  return match ? Number(match[1]) * UNIT_MS[match[2]!]! : undefined;
}
