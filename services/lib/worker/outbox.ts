/**
 * Reports on their way out of a host, sans-IO: a queue with an end. Log
 * reports are bounded by the windows of their workers; what tells of a life
 * (`ready`, `exited`) is never dropped, being bounded by the starts; the rest
 * is dropped while too much waits.
 */
import type { Report } from "./protocol.ts";

/** Health reports, notices and heartbeats that wait; more are dropped. */
const OPTIONAL_MAX = 256;

interface Waiting {
  readonly report: Report;
  readonly sent: () => void;
}

/** First in, first out. */
export class Outbox {
  #waiting: Waiting[] = [];
  #wake: (() => void) | undefined;

  /** Resolves when the report has been sent or dropped. */
  push(report: Report): Promise<void> {
    const optional = report.type === "heartbeat" ||
      report.type === "health" || report.type === "notice";
    if (optional && this.#waiting.length >= OPTIONAL_MAX) {
      return Promise.resolve();
    }
    return new Promise((sent) => {
      this.#waiting.push({ report, sent });
      this.#wake?.();
    });
  }

  /** Hands reports to `send`, one after the other, until it throws. */
  async drainTo(send: (report: Report) => Promise<void>): Promise<never> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next) {
        await send(next.report);
        next.sent();
      } else {
        await new Promise<void>((wake) => this.#wake = wake);
        this.#wake = undefined;
      }
    }
  }
}
