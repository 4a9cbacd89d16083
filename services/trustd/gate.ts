/**
 * Who gets in: the shared token, compared in constant time, and a limit of
 * calls for each address and for all together. Bounded memory.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "#lib/clock.ts";
import { AgentError } from "#lib/errors.ts";
import { peerOf } from "#lib/net/ip.ts";

/** Too many calls; the status is ResourceExhausted. */
export class RateError
  extends AgentError<{ readonly kind: "resourceExhausted" }> {
  override name = "RateError";

  constructor() {
    super({ kind: "resourceExhausted" }, "too many calls, try again later");
  }
}

/** Tokens in a bucket, and how fast they come back. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** A worker calls once in twelve hours, a few times when it has no luck. */
export const PEER_RATE: Rate = { burst: 20, perSecond: 0.5 };
/** Signing takes about a millisecond. */
export const TOTAL_RATE: Rate = { burst: 200, perSecond: 20 };
/** Addresses that are remembered; the oldest is forgotten first. */
const PEERS_MAX = 1024;

/** A bucket that fills with time; each call takes one. */
class Bucket {
  readonly #rate: Rate;
  #tokens: number;
  #at: number;

  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  take(now: number): boolean {
    const gained = Math.max(0, now - this.#at) / 1000 * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/** Checks each call before anything else sees it. */
export class Gate {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #peers = new Map<string, Bucket>();
  readonly #total: Bucket;
  #token: Uint8Array | undefined;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
    this.#total = new Bucket(TOTAL_RATE, clock.monotonic());
  }

  /** An empty token lets nobody in. */
  setToken(token: string): void {
    this.#token = token === "" ? undefined : digest(token);
  }

  /**
   * Returns when the call may go on.
   *
   * @throws {RateError | Error} `Unauthenticated`, a plain error because its
   * code is Unknown for peers of the seed era.
   */
  check(peer: string, tokens: readonly string[]): void {
    const now = this.#clock.monotonic();
    if (!this.#bucket(peer, now).take(now) || !this.#total.take(now)) {
      throw new RateError();
    }
    // Of equal length, so that neither content nor length shows in the time.
    const given = digest(tokens.length === 1 ? tokens[0]! : "");
    const wanted = this.#token ?? new Uint8Array(given.length);
    if (!timingSafeEqual(given, wanted) || this.#token === undefined) {
      throw new Error("Unauthenticated");
    }
  }

  #bucket(address: string, now: number): Bucket {
    const peer = peerOf(address);
    const known = this.#peers.get(peer);
    const bucket = known ?? new Bucket(PEER_RATE, now);
    // Put at the end: the first of the map is the one not seen for longest.
    this.#peers.delete(peer);
    this.#peers.set(peer, bucket);
    if (this.#peers.size > PEERS_MAX) {
      this.#peers.delete(this.#peers.keys().next().value!);
    }
    return bucket;
  }
}
