/**
 * What to do with an offset, and when to ask again. Pure: the clock, the
 * servers and the kernel are elsewhere.
 */

/** Above this a clock is stepped, below it is slewed (RFC 5905, STEPT). */
const STEP_THRESHOLD_MS = 128;
/** Log2 of seconds: ask every 64 to 1024 s. */
export const POLL_MIN = 6;
export const POLL_MAX = 10;

/** Offsets below this are noise of the network; asking more often is rude. */
const STEADY_MS = 10;
/** A spike is asked about again after this. */
const CONFIRM_MS = 2_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 64_000;

/** What happens to the clock. */
export type Correction =
  | { readonly kind: "none" }
  /** Too large to believe at once: ask again, then decide. */
  | { readonly kind: "confirm" }
  | { readonly kind: "step"; readonly byMs: number }
  | { readonly kind: "slew"; readonly byMs: number };

/** What is known when a reading comes in. */
export interface Situation {
  readonly offsetMs: number;
  /** Whether the clock is ours to set; a container's is the host's. */
  readonly owned: boolean;
  /** Whether it was right once since the start. */
  readonly synced: boolean;
  /** The offset that waits to be confirmed. */
  readonly suspectMs?: number;
}

/**
 * The first reading is believed; later ones that would step the clock must be
 * said twice, since one delayed packet looks just like a wrong clock.
 */
export function correctionFor(situation: Situation): Correction {
  const { offsetMs, owned, synced, suspectMs } = situation;
  if (!owned) return { kind: "none" };
  if (Math.abs(offsetMs) <= STEP_THRESHOLD_MS) {
    return { kind: "slew", byMs: offsetMs };
  }
  const confirmed = suspectMs !== undefined &&
    Math.abs(offsetMs - suspectMs) <= STEP_THRESHOLD_MS;
  return !synced || confirmed
    ? { kind: "step", byMs: offsetMs }
    : { kind: "confirm" };
}

/** The exponent of the next poll: longer while steady, short after trouble. */
export function nextPoll(
  exponent: number,
  offsetMs: number,
  correction: Correction,
): number {
  if (correction.kind === "step" || correction.kind === "confirm") {
    return POLL_MIN;
  }
  const step = Math.abs(offsetMs) <= STEADY_MS ? 1 : -1;
  return Math.min(Math.max(exponent + step, POLL_MIN), POLL_MAX);
}

/** Until the next question; `random` in [0, 1) spreads nodes over 10 %. */
export function pollDelayMs(
  exponent: number,
  correction: Correction,
  random: number,
): number {
  if (correction.kind === "confirm") return CONFIRM_MS;
  return 2 ** exponent * 1000 * (0.95 + random / 10);
}

/** Until the next try after `failures` rounds without an answer. */
export function retryDelayMs(failures: number, random: number): number {
  const delayMs = Math.min(
    RETRY_FIRST_MS * 2 ** Math.max(0, failures - 1),
    RETRY_MAX_MS,
  );
  return delayMs * (0.95 + random / 10);
}
