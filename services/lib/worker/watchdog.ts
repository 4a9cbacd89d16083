/**
 * Tells when something that should be heard of again and again is not. A watch
 * that itself fires late was held up with the rest of its process: what it
 * waits for may be in the queue behind it, so it waits once more.
 */

/** A timer this late says that its own process was held up. */
const LATE_MS = 250;
/** How long it then waits once more. */
const AGAIN_MS = 500;

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
    const due = performance.now() + ms;
    this.#timer = setTimeout(() => {
      if (performance.now() - due > LATE_MS) this.expect(AGAIN_MS, reason);
      else this.#bark(reason);
    }, ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
