/**
 * Netlink messages and attributes as bytes, both ways. Whatever lies outside
 * its buffer ends the decoding with an error; nothing is read past a length.
 *
 * ```
 * message    0 length u32  4 type u16  6 flags u16  8 sequence u32  12 port u32
 * attribute  0 length u16  2 type u16  4 data       each padded to 4 bytes
 * ```
 */
import { AgentError } from "#lib/errors.ts";

// linux/netlink.h
export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
/** The table changed while it was dumped. */
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

const HEADER_BYTES = 16;
/** Nested and byte-order flags of an attribute's type. */
const NLA_TYPE_MASK = 0x3fff;

/** Bytes that are not what the kernel sends. */
export class NetlinkError extends AgentError<
  { readonly kind: "netlink"; readonly what: string }
> {
  override name = "NetlinkError";

  constructor(what: string) {
    super({ kind: "netlink", what }, `Cannot decode netlink: ${what}`);
  }
}

/** One message. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** A view of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function aligned(length: number): number {
  return length + 3 & ~3;
}

/** The bytes of one message; the kernel fills in the port. */
export function encodeMessage(message: Message): Uint8Array {
  const length = HEADER_BYTES + message.body.length;
  const bytes = new Uint8Array(aligned(length));
  const view = viewOf(bytes);
  view.setUint32(0, length, true);
  view.setUint16(4, message.type, true);
  view.setUint16(6, message.flags, true);
  view.setUint32(8, message.sequence, true);
  bytes.set(message.body, HEADER_BYTES);
  return bytes;
}

/** The messages of one datagram. */
export function decodeMessages(datagram: Uint8Array): Message[] {
  const messages: Message[] = [];
  const view = viewOf(datagram);
  for (let at = 0; at < datagram.length;) {
    const left = datagram.length - at;
    if (left < HEADER_BYTES) throw new NetlinkError(`${left} bytes of header`);
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES || length > left) {
      throw new NetlinkError(`message of ${length} bytes in ${left}`);
    }
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      body: datagram.subarray(at + HEADER_BYTES, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** The positive errno in the body of NLMSG_ERROR or NLMSG_DONE; 0 is an ack. */
export function decodeErrno(body: Uint8Array): number {
  if (body.length < 4) throw new NetlinkError(`error of ${body.length} bytes`);
  return -viewOf(body).getInt32(0, true);
}

/** Attributes by type; of a type that comes twice the last counts. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

/** The attributes behind the first `from` bytes of `body`. */
export function decodeAttributes(body: Uint8Array, from: number): Attributes {
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(body);
  for (let at = from; at < body.length;) {
    const left = body.length - at;
    if (left < 4) throw new NetlinkError(`${left} bytes of attribute`);
    const length = view.getUint16(at, true);
    if (length < 4 || length > left) {
      throw new NetlinkError(`attribute of ${length} bytes in ${left}`);
    }
    const type = view.getUint16(at + 2, true) & NLA_TYPE_MASK;
    attributes.set(type, body.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return attributes;
}

/** A fixed part and attributes behind it: the body of a message. */
export function encodeBody(
  fixed: Uint8Array,
  attributes: readonly (readonly [type: number, data: Uint8Array])[],
): Uint8Array {
  const sizes = attributes.map(([, data]) => aligned(4 + data.length));
  const total = sizes.reduce((sum, size) => sum + size, aligned(fixed.length));
  const body = new Uint8Array(total);
  const view = viewOf(body);
  body.set(fixed);
  let at = aligned(fixed.length);
  attributes.forEach(([type, data], i) => {
    view.setUint16(at, 4 + data.length, true);
    view.setUint16(at + 2, type, true);
    body.set(data, at + 4);
    at += sizes[i]!;
  });
  return body;
}

/** A number as the data of an attribute. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

/** An attribute's number; undefined when absent. */
export function readU32(data: Uint8Array | undefined): number | undefined {
  if (data === undefined) return undefined;
  if (data.length !== 4) {
    throw new NetlinkError(`number of ${data.length} bytes`);
  }
  return viewOf(data).getUint32(0, true);
}

/** Text with a zero byte at its end. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

/** An attribute's text up to its zero byte. */
export function readText(data: Uint8Array | undefined): string {
  if (data === undefined) return "";
  const end = data.indexOf(0);
  return new TextDecoder().decode(end < 0 ? data : data.subarray(0, end));
}
