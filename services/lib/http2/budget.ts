/**
 * A budget against floods of cheap frames (rapid reset, SETTINGS, PING, empty
 * DATA ...): each one spends, work earns, and so does time.
 */

/** A bucket that refills by time and by work. */
export class Budget {
  readonly #capacity: number;
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** Full at first; refills in ten seconds. `nowMs` is any monotonic clock. */
  constructor(capacity: number, nowMs: number) {
    this.#capacity = capacity;
    this.#perSecond = capacity / 10;
    this.#left = capacity;
    this.#at = nowMs;
  }

  /** False when there is nothing left to spend. */
  spend(now: () => number): boolean {
    if (this.#left < 1) this.#refill(now());
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** A frame that did work makes up for `units` that did not. */
  earn(units: number): void {
    this.#left = Math.min(this.#capacity, this.#left + units);
  }

  #refill(nowMs: number): void {
    const gained = (nowMs - this.#at) / 1000 * this.#perSecond;
    // Fractions are kept by not moving the time until a whole unit is there.
    if (gained < 1) return;
    this.#at = nowMs;
    this.#left = Math.min(this.#capacity, this.#left + gained);
  }
}
