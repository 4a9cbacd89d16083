/**
 * What the inspect child writes to its stdout and machined reads: frames with
 * a checked length, so that a child gone wrong cannot grow PID 1.
 *
 *     0      1            5              5+length
 *     ┌──────┬────────────┬──────────────┐
 *     │ kind │ length, BE │ payload      │
 *     └──────┴────────────┴──────────────┘
 *     kind 0: a message of the API, encoded; kind 1: an error text, the last
 */
import { concatBytes } from "#lib/bytes.ts";

/** The largest payload: a unary reply with every process or mount of a node. */
const FRAME_BYTES_MAX = 4 << 20;
const HEADER_BYTES = 5;

/** Kinds of frames. */
export const FrameKind = { message: 0, error: 1 } as const;

/** One decoded frame. */
export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** The bytes of one frame. */
export function encodeFrame(kind: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  frame[0] = kind;
  new DataView(frame.buffer).setUint32(1, payload.length);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/**
 * Splits a byte stream into frames.
 *
 * @throws {RangeError} on an unknown kind, a length above
 * {@linkcode FRAME_BYTES_MAX} or a stream that ends inside a frame.
 */
export async function* decodeFrames(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<Frame> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : concatBytes([rest, chunk]);
    let offset = 0;
    while (rest.length - offset >= HEADER_BYTES) {
      const view = new DataView(rest.buffer, rest.byteOffset + offset);
      const kind = view.getUint8(0);
      const length = view.getUint32(1);
      if (kind > FrameKind.error || length > FRAME_BYTES_MAX) {
        throw new RangeError(
          `Cannot read a frame of kind ${kind} and ${length} bytes`,
        );
      }
      if (rest.length - offset < HEADER_BYTES + length) break;
      const start = offset + HEADER_BYTES;
      yield { kind, payload: rest.slice(start, start + length) };
      offset = start + length;
    }
    rest = rest.subarray(offset);
  }
  if (rest.length > 0) throw new RangeError("The stream ends inside a frame");
}
