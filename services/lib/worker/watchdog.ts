/**
 * Tells when something that should be heard of again and again is not. Time is
 * counted in ticks of the watching process itself: when the machine is so busy
 * that a tick comes late, what is waited for is late too, or in the queue
 * behind the tick, and that tick does not count.
 */

const TICK_MS = 500;
/** A tick this late says that its own process was held up. */
const LATE_MS = 250;

/** One thing that is watched. */
export class Watchdog {
  readonly #bark: (reason: string) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `bark` is called at most once for each {@linkcode Watchdog.expect}. */
  constructor(bark: (reason: string) => void) {
    this.#bark = bark;
  }

  /** Barks with `reason` unless called again within `ms`. */
  expect(ms: number, reason: string): void {
    this.stop();
    const tick = Math.min(ms, TICK_MS);
    const due = performance.now() + tick;
    this.#timer = setTimeout(() => {
      const late = performance.now() - due > LATE_MS;
      const left = late ? ms : ms - tick;
      if (left > 0) this.expect(left, reason);
      else this.#bark(reason);
    }, tick);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
