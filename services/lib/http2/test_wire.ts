/** For tests: frames by hand, and a transport that is a pair of arrays. */
import { concatBytes } from "../bytes.ts";
import { PREFACE } from "./constants.ts";
import { type Frame, FrameReader } from "./frame_reader.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** Octets of hex digits; blanks do not count. */
export function unhex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

/** `0a ff` of octets. */
export function hex(bytes: Uint8Array): string {
  return bytes.toHex().replaceAll(/..(?=.)/g, "$& ");
}

/** Octets of the pieces, one after another. */
export function join(...pieces: Uint8Array[]): Uint8Array {
  return concatBytes(pieces);
}

/** One frame. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | string = "",
): Uint8Array {
  const body = typeof payload === "string" ? unhex(payload) : payload;
  const head = [body.length >> 16, body.length >> 8, body.length, type, flags];
  const id = [24, 16, 8, 0].map((shift) => (streamId >>> shift) & 255);
  return Uint8Array.from([...head.map((n) => n & 255), ...id, ...body]);
}

/** An empty SETTINGS frame. */
export const SETTINGS = frame(4, 0, 0);
/** What a client begins with. */
export const HELLO = join(PREFACE, SETTINGS);
/** `POST http://a/p` in the static table, with literals for the rest. */
export const REQUEST_BLOCK = unhex("83 86 01 01 61 04 02 2f 70");

/** Collects what is written; feeds what a test gives. */
export class FakeTransport implements Transport {
  readonly written: Uint8Array[] = [];
  events: TransportEvents | undefined;
  ended = false;
  unsentBytes = 0;
  /** While false, writes ask to wait. */
  open = true;

  start(events: TransportEvents): void {
    this.events = events;
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return this.open;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.ended = true;
  }

  feed(...pieces: Uint8Array[]): void {
    for (const piece of pieces) this.events!.received(piece);
  }

  /** What was written since the last call, as frames. */
  async frames(): Promise<string[]> {
    await Promise.resolve();
    const frames: string[] = [];
    const reader = new FrameReader(1 << 24);
    const all = join(...this.written.splice(0));
    const start = all[0] === 0x50 ? PREFACE.length : 0;
    reader.read(all.subarray(start), (f) => frames.push(frameText(f)));
    return frames;
  }
}

const NAMES = [
  "DATA",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH_PROMISE",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
  "CONTINUATION",
];

/** `HEADERS 1 5 83 86` : type, stream, flags in hex, payload in hex. */
function frameText({ type, flags, streamId, payload }: Frame): string {
  const body = payload.length > 64 ? `(${payload.length})` : hex(payload);
  return `${NAMES[type]} ${streamId} ${flags.toString(16)} ${body}`.trim();
}
