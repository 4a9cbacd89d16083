/**
 * The logs of all services, in memory only: one ring of 16 KiB to 1 MiB each.
 * A follower is a position in the ring; one that is too slow loses bytes and
 * is told so, and never makes the ring wait or grow.
 */
import type { LogSink } from "./log.ts";
import { ByteRing } from "./ring.ts";

/** Which part of a log a reader wants. */
export interface FollowOptions {
  /** Lines from the end; negative is all, 0 none. */
  readonly tailLines: number;
  /** Go on with what is written later; ends when `signal` aborts. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** The log of one service, for readers. */
export interface LogBuffer {
  /** Chunks of at most {@linkcode LOG_CHUNK_BYTES}, not cut at lines. */
  follow(options: FollowOptions): AsyncIterable<Uint8Array>;
}

/** All logs, by service id. */
export interface LogStore {
  get(id: string): LogBuffer | undefined;
  /** Sorted. */
  ids(): string[];
  /** Registers `id` if need be. */
  sink(id: string): LogSink;
}

/** What a reader gets at once. */
const LOG_CHUNK_BYTES = 32 * 1024;
/** A longer line is cut: one line must not empty the ring. */
export const LOG_LINE_BYTES = 16 * 1024;

const RING = {
  initialBytes: 16 * 1024,
  maxBytes: 1024 * 1024,
  gapBytes: 2 * 1024,
};
const NEWLINE = 10;
const encoder = new TextEncoder();

/** The log of one service. */
export class ServiceLog implements LogBuffer {
  readonly #ring = new ByteRing(RING);
  #wake: (() => void)[] = [];

  /** Bytes of memory in use. */
  get sizeBytes(): number {
    return this.#ring.sizeBytes;
  }

  /** Appends `line` and a newline. */
  append(line: string): void {
    this.#ring.write(encodeLine(line));
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  async *follow(options: FollowOptions): AsyncGenerator<Uint8Array> {
    const { tailLines, follow, signal } = options;
    const ring = this.#ring;
    let at = this.#tail(tailLines);
    const end = follow ? Infinity : ring.end;
    while (!signal.aborted) {
      if (at < ring.start) {
        const next = ring.after(ring.safeStart, NEWLINE);
        yield encoder.encode(`... ${next - at} bytes lost: reader too slow\n`);
        // The notice may have been read slowly, too.
        at = Math.max(next, ring.start);
        continue;
      }
      const chunk = ring.read(at, Math.min(LOG_CHUNK_BYTES, end - at));
      if (chunk.length > 0) {
        at += chunk.length;
        yield chunk;
      } else if (follow) await this.#written(signal);
      else return;
    }
  }

  #tail(lines: number): number {
    const ring = this.#ring;
    if (lines === 0) return ring.end;
    if (lines < 0) {
      const from = ring.safeStart;
      return from === 0 ? 0 : ring.after(from, NEWLINE);
    }
    // The last line ends with a newline, which is not the start of a line.
    return ring.before(NEWLINE, lines + 1);
  }

  #written(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", aborted);
        resolve();
      };
      const aborted = () => {
        // A log that is silent must not collect readers that are gone.
        this.#wake = this.#wake.filter((wake) => wake !== done);
        resolve();
      };
      this.#wake.push(done);
      signal.addEventListener("abort", aborted, { once: true });
    });
  }
}

function encodeLine(line: string): Uint8Array {
  const bytes = encoder.encode(`${line.slice(0, LOG_LINE_BYTES)}\n`);
  if (bytes.length <= LOG_LINE_BYTES + 1) return bytes;
  const cut = bytes.slice(0, LOG_LINE_BYTES + 1);
  cut[LOG_LINE_BYTES] = NEWLINE;
  return cut;
}

/** All logs of the node. */
export class ServiceLogs implements LogStore {
  readonly #logs = new Map<string, ServiceLog>();
  /** Sees every line, for instance to copy it to the console. */
  tee: ((id: string, line: string) => void) | undefined;

  get(id: string): LogBuffer | undefined {
    return this.#logs.get(id);
  }

  ids(): string[] {
    return [...this.#logs.keys()].sort();
  }

  sink(id: string): LogSink {
    let log = this.#logs.get(id);
    if (!log) this.#logs.set(id, log = new ServiceLog());
    const own = log;
    return (line) => {
      own.append(line);
      this.tee?.(id, line);
    };
  }
}
