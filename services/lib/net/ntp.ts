/**
 * NTP as a client of RFC 4330 (SNTP) with the checks of RFC 5905: packets,
 * timestamps, arithmetic, and what makes a reply worth believing. Knows no
 * socket and no clock.
 *
 * ```
 *  0 leap:2 version:3 mode:3 | stratum u8 | poll i8 | precision i8
 *  4 root delay 16.16        8 root dispersion 16.16   12 reference id
 * 16 reference time 32.32   24 origin   32 receive   40 transmit
 * ```
 */
import { AgentError } from "../errors.ts";

/** Without extension fields or a key; what follows it is ignored. */
export const NTP_PACKET_BYTES = 48;
export const NTP_PORT = 123;

/** A server further from a reference clock than this is not worth following. */
const ROOT_DISTANCE_MAX_MS = 5_000;
/** Clocks of both sides tick coarsely; more than this is a lie. */
const COARSENESS_MS = 20;
/** 1900 to 1970. */
const UNIX_EPOCH_SECONDS = 2_208_988_800;

// Who speaks (RFC 5905, figure 10).
export const MODE_CLIENT = 3;
export const MODE_SERVER = 4;
/** Leap indicator of a server that has no time itself. */
const LEAP_UNSYNCHRONISED = 3;

/** One packet; timestamps are 64 bits of 32.32 seconds since 1900. */
export interface NtpPacket {
  readonly leap: number;
  readonly version: number;
  readonly mode: number;
  readonly stratum: number;
  /** Log2 of seconds. */
  readonly poll: number;
  /** Log2 of seconds. */
  readonly precision: number;
  readonly rootDelayMs: number;
  readonly rootDispersionMs: number;
  readonly referenceId: number;
  readonly reference: bigint;
  readonly origin: bigint;
  readonly receive: bigint;
  readonly transmit: bigint;
}

/** Why a reply is refused. */
export type NtpProblem =
  | { readonly kind: "short"; readonly bytes: number }
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "mode"; readonly mode: number }
  | { readonly kind: "origin" }
  | { readonly kind: "kiss"; readonly code: string }
  | { readonly kind: "unsynchronised"; readonly stratum: number }
  | { readonly kind: "timestamps" }
  | { readonly kind: "rootDistance"; readonly distanceMs: number }
  | { readonly kind: "delay"; readonly delayMs: number }
  | { readonly kind: "timeout"; readonly timeoutMs: number }
  | { readonly kind: "unreachable"; readonly servers: readonly string[] };

function describe(problem: NtpProblem): string {
  switch (problem.kind) {
    case "short":
      return `the reply has ${problem.bytes} bytes, not ${NTP_PACKET_BYTES}`;
    case "version":
      return `the reply is of version ${problem.version}`;
    case "mode":
      return `the reply is of mode ${problem.mode}, not of a server`;
    case "origin":
      return "the reply is not to our request";
    case "kiss":
      return `the server wants us to go: ${problem.code}`;
    case "unsynchronised":
      return `the server has no time itself (stratum ${problem.stratum})`;
    case "timestamps":
      return "the reply's timestamps contradict each other";
    case "rootDistance":
      return `the server is ${Math.round(problem.distanceMs)} ms from a ` +
        "reference clock";
    case "delay":
      return `the reply claims a delay of ${Math.round(problem.delayMs)} ms`;
    case "timeout":
      return `no reply within ${problem.timeoutMs} ms`;
    case "unreachable":
      return `no time server answers (${problem.servers.join(", ")})`;
  }
}

/** A time server that did not give us a time. */
export class NtpError extends AgentError<NtpProblem> {
  override name = "NtpError";

  constructor(problem: NtpProblem, options?: ErrorOptions) {
    super(problem, describe(problem), options);
  }
}

/** @throws {NtpError} when `bytes` is too short for a packet. */
export function decodePacket(bytes: Uint8Array): NtpPacket {
  if (bytes.length < NTP_PACKET_BYTES) {
    throw new NtpError({ kind: "short", bytes: bytes.length });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint8(0);
  return {
    leap: first >> 6,
    version: first >> 3 & 7,
    mode: first & 7,
    stratum: view.getUint8(1),
    poll: view.getInt8(2),
    precision: view.getInt8(3),
    rootDelayMs: view.getInt32(4) / 65.536,
    rootDispersionMs: view.getUint32(8) / 65.536,
    referenceId: view.getUint32(12),
    reference: view.getBigUint64(16),
    origin: view.getBigUint64(24),
    receive: view.getBigUint64(32),
    transmit: view.getBigUint64(40),
  };
}

/** The inverse of {@linkcode decodePacket}. */
export function encodePacket(packet: NtpPacket): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NTP_PACKET_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, packet.leap << 6 | packet.version << 3 | packet.mode);
  view.setUint8(1, packet.stratum);
  view.setInt8(2, packet.poll);
  view.setInt8(3, packet.precision);
  view.setInt32(4, Math.round(packet.rootDelayMs * 65.536));
  view.setUint32(8, Math.round(packet.rootDispersionMs * 65.536));
  view.setUint32(12, packet.referenceId);
  view.setBigUint64(16, packet.reference);
  view.setBigUint64(24, packet.origin);
  view.setBigUint64(32, packet.receive);
  view.setBigUint64(40, packet.transmit);
  return bytes;
}

/**
 * A request whose transmit time is 64 random bits: the server gives them back,
 * who cannot see them cannot answer for it, and our clock stays ours.
 */
export function encodeRequest(nonce: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NTP_PACKET_BYTES);
  bytes[0] = 4 << 3 | MODE_CLIENT;
  new DataView(bytes.buffer).setBigUint64(40, nonce);
  return bytes;
}

/** Milliseconds since 1970; 1968 to 2104 by the top bit (RFC 4330, 3). */
export function toUnixMs(timestamp: bigint): number {
  let seconds = Number(timestamp >> 32n);
  if (seconds < 2 ** 31) seconds += 2 ** 32;
  const fraction = Number(timestamp & 0xffff_ffffn) / 2 ** 32;
  return (seconds - UNIX_EPOCH_SECONDS) * 1000 + fraction * 1000;
}

/** The inverse of {@linkcode toUnixMs}. */
export function fromUnixMs(ms: number): bigint {
  const seconds = Math.floor(ms / 1000);
  const fraction = Math.min(
    Math.round((ms / 1000 - seconds) * 2 ** 32),
    2 ** 32 - 1,
  );
  return BigInt.asUintN(32, BigInt(seconds + UNIX_EPOCH_SECONDS)) << 32n |
    BigInt(fraction);
}

/** Four ASCII letters, the meaning of a reply of stratum 0. */
function kissCode(referenceId: number): string {
  const letters = [24, 16, 8, 0].map((bits) =>
    String.fromCharCode(referenceId >>> bits & 0xff)
  ).join("");
  return /^[A-Z]{1,4}\0*$/.test(letters) ? letters.replace(/\0/g, "") : "?";
}

/** When a request left and its reply came, by our clock. */
export interface Trip {
  readonly nonce: bigint;
  readonly sentMs: number;
  /** By a clock that is not set in between. */
  readonly elapsedMs: number;
}

/** What a good reply says. */
export interface Reading {
  /** Add it to our clock to get the server's. */
  readonly offsetMs: number;
  /** There and back, without the time that the server took. */
  readonly delayMs: number;
  /** How wrong it may be by the server's own account. */
  readonly errorMs: number;
  readonly stratum: number;
}

/**
 * The clock offset that `packet` proves.
 *
 * @throws {NtpError} when it proves nothing. `origin` first: who cannot see
 * our requests must not even be able to send us away.
 */
export function readReply(packet: NtpPacket, trip: Trip): Reading {
  if (packet.mode !== MODE_SERVER) {
    throw new NtpError({ kind: "mode", mode: packet.mode });
  }
  if (packet.origin !== trip.nonce) throw new NtpError({ kind: "origin" });
  const { version, stratum, leap } = packet;
  if (version !== 3 && version !== 4) {
    throw new NtpError({ kind: "version", version });
  }
  if (stratum === 0) {
    throw new NtpError({ kind: "kiss", code: kissCode(packet.referenceId) });
  }
  if (leap === LEAP_UNSYNCHRONISED || stratum > 15) {
    throw new NtpError({ kind: "unsynchronised", stratum });
  }
  if (packet.receive === 0n || packet.transmit === 0n) {
    throw new NtpError({ kind: "timestamps" });
  }
  const distanceMs = Math.abs(packet.rootDelayMs) / 2 +
    packet.rootDispersionMs;
  if (distanceMs > ROOT_DISTANCE_MAX_MS) {
    throw new NtpError({ kind: "rootDistance", distanceMs });
  }
  const receivedMs = toUnixMs(packet.receive);
  const transmittedMs = toUnixMs(packet.transmit);
  const heldMs = transmittedMs - receivedMs;
  if (heldMs < -COARSENESS_MS) throw new NtpError({ kind: "timestamps" });
  const delayMs = trip.elapsedMs - heldMs;
  // The server cannot have held it for longer than we waited.
  if (delayMs < -COARSENESS_MS) throw new NtpError({ kind: "delay", delayMs });
  const { sentMs, elapsedMs } = trip;
  return {
    offsetMs: (receivedMs - sentMs + transmittedMs - (sentMs + elapsedMs)) / 2,
    delayMs: Math.max(0, delayMs),
    errorMs: Math.max(0, delayMs) / 2 + distanceMs,
    stratum,
  };
}
