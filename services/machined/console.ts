/**
 * The console: lines to standard output, never waiting for whoever reads it.
 * A console that nobody empties loses lines and says how many.
 */
import type { LogSink } from "#lib/log.ts";

/** Writes some of the bytes and says how many. */
export type Write = (bytes: Uint8Array) => Promise<number>;

/** Bytes held back while the reader is slow; more are dropped. */
export const CONSOLE_HELD_BYTES = 256 * 1024;

/** The console's two ends. */
export interface Console {
  readonly sink: LogSink;
  /** Resolves when all lines are written, or after `limitMs`. */
  flush(limitMs: number): Promise<void>;
}

/** A console that writes with `write`. */
export function createConsole(write: Write): Console {
  const encoder = new TextEncoder();
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let dropped = 0;
  let writing: Promise<void> | undefined;

  async function drain(): Promise<void> {
    // Not before `writing` is set, which the end of this unsets.
    await Promise.resolve();
    try {
      while (held.length > 0) {
        const chunks = held;
        held = [];
        heldBytes = 0;
        if (dropped > 0) {
          chunks.push(encoder.encode(`${dropped} lines lost by the console\n`));
          dropped = 0;
        }
        for (const chunk of chunks) {
          for (let rest = chunk; rest.length > 0;) {
            rest = rest.subarray(await write(rest));
          }
        }
      }
    } catch {
      // Nobody is there: a console is a courtesy, the ring has the lines.
    } finally {
      writing = undefined;
    }
  }

  return {
    sink: (line) => {
      const bytes = encoder.encode(`${line}\n`);
      if (heldBytes + bytes.length > CONSOLE_HELD_BYTES) {
        dropped++;
        return;
      }
      held.push(bytes);
      heldBytes += bytes.length;
      writing ??= drain();
    },
    flush: async (limitMs) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limitMs);
      });
      await Promise.race([writing, late]);
      clearTimeout(timer);
    },
  };
}
