/**
 * The output of a program as lines of a log. What a program writes is not
 * believed: long lines are cut, control characters are spelled out.
 */
import { type LogSink, printable } from "#lib/log.ts";

/** Longer lines are cut. */
export const LINE_BYTES = 8 * 1024;

/** Joins chunks to lines, sans-IO. */
export class TextLines {
  readonly #sink: LogSink;
  #held = new Uint8Array(LINE_BYTES);
  #length = 0;
  #cut = false;

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.length) {
      const at = chunk.indexOf(0x0a, from);
      this.#hold(chunk.subarray(from, at < 0 ? chunk.length : at));
      if (at < 0) return;
      this.flush();
      from = at + 1;
    }
  }

  /** Ends the present line, also without a newline. */
  flush(): void {
    const text = new TextDecoder().decode(this.#held.subarray(0, this.#length));
    const line = text.trimEnd();
    if (line !== "") this.#sink(printable(line) + (this.#cut ? "..." : ""));
    this.#length = 0;
    this.#cut = false;
  }

  #hold(part: Uint8Array): void {
    const room = LINE_BYTES - this.#length;
    const kept = part.subarray(0, room);
    this.#held.set(kept, this.#length);
    this.#length += kept.length;
    if (part.length > room) this.#cut = true;
  }
}

/** Hands the lines of `from` to `sink` until it ends or `signal` aborts. */
export async function pumpLines(
  from: ReadableStream<Uint8Array>,
  sink: LogSink,
  signal?: AbortSignal,
): Promise<void> {
  const lines = new TextLines(sink);
  const reader = from.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      lines.push(value);
    }
  } catch {
    // The pipe broke: what came before is all there is.
  } finally {
    signal?.removeEventListener("abort", cancel);
    lines.flush();
  }
}
