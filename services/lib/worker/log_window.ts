/**
 * Log lines of one worker on their way to its host, sans-IO. The host
 * acknowledges lines once they have left it; what exceeds the window of
 * unacknowledged ones is dropped and counted, so that a flood costs the
 * flooder its own lines and nobody memory.
 */

/** Lines sent and not acknowledged; more are held back. */
export const WINDOW_LINES = 1024;
/** Lines held back; more are dropped. */
export const HELD_LINES = 1024;
/** Longer lines are cut. */
export const LINE_CHARS = 8192;

/** Holds lines back until there is room for them. */
export class LogWindow {
  #held: string[] = [];
  #inFlight = 0;
  #dropped = 0;

  /** Takes a line; false when it was dropped. */
  push(line: string): boolean {
    if (this.#held.length >= HELD_LINES) {
      this.#dropped++;
      return false;
    }
    this.#held.push(
      line.length > LINE_CHARS ? `${line.slice(0, LINE_CHARS)}...` : line,
    );
    return true;
  }

  /** The lines that may be sent now, oldest first; they count as in flight. */
  take(): string[] {
    const room = WINDOW_LINES - this.#inFlight;
    if (room <= 0) return [];
    const lines = this.#held.splice(0, room);
    if (this.#dropped > 0 && lines.length < room) {
      lines.push(`${this.#dropped} log lines dropped`);
      this.#dropped = 0;
    }
    this.#inFlight += lines.length;
    return lines;
  }

  /** Everything that is left, whatever the window says: the worker ends. */
  drain(): string[] {
    this.#inFlight = 0;
    return this.take();
  }

  /** The host has passed `lines` on. */
  acknowledge(lines: number): void {
    this.#inFlight = Math.max(0, this.#inFlight - lines);
  }
}
