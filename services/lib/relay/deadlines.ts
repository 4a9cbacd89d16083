/**
 * Deadlines of many calls on one timer. The timer of each call is a backstop
 * (the time-out travels with the call, and the last hop keeps it), so a tick
 * late does no harm, and an ordinary call never arms a timer of its own.
 */

/** How late a deadline may be told. */
const TICK_MS = 20;
/** What setTimeout can hold; a longer time-out is no time-out. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1 - TICK_MS;

/** One deadline; cancel it when the call is over. */
export interface Deadline {
  cancel(): void;
}

const NEVER: Deadline = { cancel() {} };

/** What the timer is made with. */
export interface DeadlineClock {
  now(): number;
  setTimer(run: () => void, ms: number): number;
  clearTimer(timer: number): void;
}

const REAL: DeadlineClock = {
  now: () => performance.now(),
  setTimer: (run, ms) => setTimeout(run, ms) as unknown as number,
  clearTimer: (timer) => clearTimeout(timer),
};

/** Keeps the deadlines of calls. */
export class Deadlines {
  readonly #clock: DeadlineClock;
  /** By tick, so that calls that come together share a slot. */
  readonly #slots = new Map<number, Set<() => void>>();
  #timer: number | undefined;
  #armedFor = Infinity;

  constructor(clock: DeadlineClock = REAL) {
    this.#clock = clock;
  }

  /** Calls `onLate` once, `ms` from now, unless it is cancelled. */
  add(ms: number, onLate: () => void): Deadline {
    if (ms > TIMEOUT_MS_MAX) return NEVER;
    const slot = Math.ceil((this.#clock.now() + ms) / TICK_MS);
    let entries = this.#slots.get(slot);
    if (!entries) this.#slots.set(slot, entries = new Set());
    const entry = () => onLate();
    entries.add(entry);
    if (slot < this.#armedFor) this.#arm(slot);
    return {
      cancel: () => {
        entries.delete(entry);
        if (entries.size === 0) this.#slots.delete(slot);
        if (this.#slots.size === 0) this.#disarm();
      },
    };
  }

  #arm(slot: number): void {
    this.#disarm();
    this.#armedFor = slot;
    const ms = Math.max(0, slot * TICK_MS - this.#clock.now());
    this.#timer = this.#clock.setTimer(() => this.#fire(), ms);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#armedFor = Infinity;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#armedFor = Infinity;
    const now = Math.floor(this.#clock.now() / TICK_MS);
    const late = [...this.#slots.keys()].filter((slot) => slot <= now);
    for (const slot of late) {
      const entries = this.#slots.get(slot);
      this.#slots.delete(slot);
      for (const entry of entries ?? []) entry();
    }
    if (this.#timer === undefined && this.#slots.size > 0) {
      this.#arm(Math.min(...this.#slots.keys()));
    }
  }
}
