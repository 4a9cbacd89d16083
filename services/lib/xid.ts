/**
 * Event ids: 12 bytes in 20 characters of base32hex, sorted by time.
 *
 * ```
 * byte 0        4          7      9           12
 *      | seconds | machine  | pid  | counter   |   all big-endian
 * ```
 *
 * Ids of one generator only grow, also when the wall clock goes back.
 */

const ALPHABET = "0123456789abcdefghijklmnopqrstuv";
const COUNTER_LIMIT = 1 << 24;

/** What makes the ids of one process its own. */
export interface XidOptions {
  /** Wall-clock milliseconds since 1970. */
  readonly now: () => number;
  /** Three bytes for the machine. */
  readonly machine: Uint8Array;
  readonly pid: number;
  /** First value of the counter. */
  readonly counter: number;
}

/** Makes ids that sort in the order in which they were made. */
export function createXids(options: XidOptions): () => string {
  const bytes = new Uint8Array(12);
  bytes.set(options.machine.subarray(0, 3), 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(7, options.pid & 0xffff);
  let counter = options.counter % COUNTER_LIMIT;
  let seconds = 0;
  return () => {
    seconds = Math.max(seconds, Math.floor(options.now() / 1000));
    view.setUint32(0, seconds);
    bytes[9] = counter >> 16;
    view.setUint16(10, counter & 0xffff);
    counter++;
    if (counter === COUNTER_LIMIT) {
      // A counter that starts over would sort before its elders.
      counter = 0;
      seconds++;
    }
    return encodeXid(bytes);
  };
}

/** {@linkcode createXids} for this process. */
export function processXids(pid: number): () => string {
  const random = crypto.getRandomValues(new Uint8Array(5));
  return createXids({
    now: Date.now,
    machine: random.subarray(0, 3),
    pid,
    counter: (random[3]! << 8) | random[4]!,
  });
}

/** Whether `text` is an id: 20 characters of the alphabet, spare bits zero. */
export function isXid(text: string): boolean {
  return /^[0-9a-v]{19}[0g]$/.test(text);
}

/** 12 bytes as 20 characters, five bits each; the last four bits are zero. */
export function encodeXid(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}
