/**
 * A small time server: it answers with this machine's clock. The provisioner
 * of local clusters runs it on the gateway. One datagram in, at most one of
 * the same size out, nothing kept in between.
 */
import dgram from "node:dgram";
import {
  decodePacket,
  encodePacket,
  fromUnixMs,
  MODE_CLIENT,
  MODE_SERVER,
  NTP_PACKET_BYTES,
  NTP_PORT,
} from "./ntp.ts";

/** "LOCL": a clock that nobody steers. */
const REFERENCE_LOCAL = 0x4c4f434c;
/** The clock of a machine that is itself a client of some server. */
const STRATUM = 3;
/** 2^-20 s, about a microsecond. */
const PRECISION = -20;

/** The answer to a request, or undefined for what deserves none. Pure. */
export function answerSntp(
  request: Uint8Array,
  times: { readonly receivedMs: number; readonly sentMs: number },
): Uint8Array<ArrayBuffer> | undefined {
  if (request.length < NTP_PACKET_BYTES) return undefined;
  const { mode, version, poll, transmit } = decodePacket(request);
  // Only clients: an answer to an answer would go on for ever.
  if (mode !== MODE_CLIENT || version < 1 || version > 4) return undefined;
  return encodePacket({
    leap: 0,
    version,
    mode: MODE_SERVER,
    stratum: STRATUM,
    poll,
    precision: PRECISION,
    rootDelayMs: 0,
    rootDispersionMs: 1,
    referenceId: REFERENCE_LOCAL,
    reference: fromUnixMs(times.receivedMs),
    origin: transmit,
    receive: fromUnixMs(times.receivedMs),
    transmit: fromUnixMs(times.sentMs),
  });
}

/** A running responder. */
export interface SntpResponder {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on `host`; `port` is 123 unless given, 0 chooses one. */
export function startSntpResponder(options: {
  readonly host: string;
  readonly port?: number;
  readonly now?: () => number;
}): Promise<SntpResponder> {
  const { host, port = NTP_PORT, now = Date.now } = options;
  const socket = dgram.createSocket("udp4");
  socket.on("message", (request, from) => {
    const receivedMs = now();
    const answer = answerSntp(request, { receivedMs, sentMs: now() });
    // A client that cannot be reached is not our problem.
    if (answer) socket.send(answer, from.port, from.address, () => {});
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, host, () => {
      socket.removeListener("error", reject);
      socket.on("error", () => {});
      resolve({
        port: socket.address().port,
        close: () => new Promise((done) => socket.close(() => done())),
      });
    });
  });
}
