/**
 * What apid does to the answers of several nodes: bytes only, no message is
 * decoded. Every answer of the API begins with field 1, `messages`, and every
 * message in it with field 1, `metadata`; protobuf merges a field that comes
 * twice, and concatenated messages are one message. So a hostname is appended,
 * and answers are joined, without knowing what they say.
 *
 *     0a | length | message ...            one answer of a unary method
 *     0a | length + n | message ... | 0a | m | 0a | h | hostname
 */
import { concatBytes } from "#lib/bytes.ts";
import { AgentError } from "#lib/errors.ts";
import { type Status, statusText } from "#lib/rpc/status.ts";

const utf8 = new TextEncoder();
/** Field 1, length-delimited. */
const FIELD_1 = 0x0a;

/** An answer that cannot be merged; the whole call fails. */
export class MergeError extends AgentError<{ readonly kind: "unknown" }> {
  override name = "MergeError";

  constructor(what: string | number) {
    super({ kind: "unknown" }, `unexpected message format: ${what}`);
  }
}

/** `Empty{metadata{hostname}}`: what every answer of `hostname` gets. */
export function hostnameField(hostname: string): Uint8Array {
  return field(1, field(1, utf8.encode(hostname)));
}

/**
 * Puts `extra` at the end of the first element of `messages`.
 *
 * @throws {MergeError} when `answer` does not begin with a whole field 1
 */
export function extendFirst(
  answer: Uint8Array,
  extra: Uint8Array,
): Uint8Array {
  if (answer.length === 0) throw new MergeError("empty");
  if (answer[0] !== FIELD_1) throw new MergeError(answer[0]!);
  const { value: length, next } = readVarint(answer, 1);
  const end = next + length;
  if (end > answer.length) throw new MergeError("truncated");
  const head = varint(length + extra.length);
  return concatBytes([
    Uint8Array.of(FIELD_1),
    head,
    answer.subarray(next, end),
    extra,
    answer.subarray(end),
  ]);
}

/** `Metadata{hostname, error, status}` of a node that did not answer. */
function errorMetadata(hostname: string, status: Status): Uint8Array {
  return concatBytes([
    field(1, utf8.encode(hostname)),
    field(2, utf8.encode(statusText(status))),
    field(3, rpcStatus(status)),
  ]);
}

/** `EmptyResponse{messages: [{metadata}]}`, for unary methods. */
export function errorAnswer(hostname: string, status: Status): Uint8Array {
  return field(1, field(1, errorMetadata(hostname, status)));
}

/** `Empty{metadata}`, a frame of its own, for streaming methods. */
export function errorFrame(hostname: string, status: Status): Uint8Array {
  return field(1, errorMetadata(hostname, status));
}

/** `google.rpc.Status{code, message}`. */
function rpcStatus({ code, message }: Status): Uint8Array {
  const text = utf8.encode(message);
  return concatBytes([
    code === 0
      ? new Uint8Array(0)
      : concatBytes([Uint8Array.of(0x08), varint(code)]),
    text.length === 0 ? text : field(2, text),
  ]);
}

/** A length-delimited field. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return concatBytes([
    Uint8Array.of((number << 3) | 2),
    varint(bytes.length),
    bytes,
  ]);
}

function varint(value: number): Uint8Array {
  const octets: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    octets.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  octets.push(rest);
  return Uint8Array.from(octets);
}

function readVarint(bytes: Uint8Array, from: number) {
  let value = 0;
  // Four octets reach 2^28, far beyond what a message may have.
  for (let i = 0; i < 4; i++) {
    const octet = bytes[from + i];
    if (octet === undefined) throw new MergeError("truncated");
    value |= (octet & 0x7f) << (7 * i);
    if (octet < 0x80) return { value, next: from + i + 1 };
  }
  throw new MergeError("truncated");
}
