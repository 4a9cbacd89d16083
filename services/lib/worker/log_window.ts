/**
 * Log lines of one worker on their way to its host, sans-IO. The host
 * acknowledges characters once they have left it; what exceeds the window of
 * unacknowledged ones is held back, then dropped and counted, so that a flood
 * costs the flooder its own lines and nobody memory.
 */

/** Characters sent and not acknowledged; more are held back. */
export const WINDOW_CHARS = 256 * 1024;
/** Characters held back; more are dropped. */
export const HELD_CHARS = 256 * 1024;
/** Characters of one report. */
export const REPORT_CHARS = 32 * 1024;
/** Longer lines are cut. */
export const LINE_CHARS = 8 * 1024;

/** What a line costs: its newline counts. */
export function costOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

/** Holds lines back until there is room for them. */
export class LogWindow {
  #held: string[] = [];
  #heldChars = 0;
  #inFlightChars = 0;
  #dropped = 0;

  /** Takes a line; false when it was dropped. */
  push(line: string): boolean {
    if (this.#heldChars >= HELD_CHARS) {
      this.#dropped++;
      return false;
    }
    const kept = line.length > LINE_CHARS
      ? `${line.slice(0, LINE_CHARS - 3)}...`
      : line;
    this.#held.push(kept);
    this.#heldChars += kept.length + 1;
    return true;
  }

  /**
   * Lines for one report, oldest first; they count as in flight. Empty when
   * there are none or the window is full.
   */
  take(): string[] {
    if (this.#inFlightChars >= WINDOW_CHARS) return [];
    let count = 0;
    let chars = 0;
    while (count < this.#held.length && chars < REPORT_CHARS) {
      chars += this.#held[count++]!.length + 1;
    }
    const lines = this.#held.splice(0, count);
    this.#heldChars -= chars;
    if (this.#dropped > 0 && this.#held.length === 0) {
      lines.push(`${this.#dropped} log lines dropped`);
      this.#dropped = 0;
    }
    this.#inFlightChars += costOf(lines);
    return lines;
  }

  /** What is left, whatever the window says: the worker ends. */
  drain(): string[] {
    this.#inFlightChars = 0;
    return this.take();
  }

  /** The host has passed `chars` on. */
  acknowledge(chars: number): void {
    this.#inFlightChars = Math.max(0, this.#inFlightChars - chars);
  }
}
