/**
 * The loop: asks the servers in their order until one answers, corrects the
 * clock when it is ours, waits, and again. A live question by the API goes
 * the same way and corrects nothing.
 */
import { assert } from "#lib/assert.ts";
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import type { Exchange } from "#lib/net/datagram.ts";
import {
  decodePacket,
  encodeRequest,
  NTP_PORT,
  NtpError,
  type Reading,
  readReply,
} from "#lib/net/ntp.ts";
import type { Resolve } from "#lib/net/resolve.ts";
import { STA_PLL } from "#lib/sys/constants.ts";
import type { ClockSys } from "#lib/sys/sys.ts";
import {
  type Correction,
  correctionFor,
  nextPoll,
  POLL_MAX,
  POLL_MIN,
  pollDelayMs,
  retryDelayMs,
} from "./discipline.ts";

/** The server of a config that names none. */
export const DEFAULT_SERVERS: readonly string[] = ["pool.ntp.org"];

const REPLY_TIMEOUT_MS = 5_000;
/** Of one name; the rest of a pool is asked next time. */
const ADDRESSES_TRIED = 3;
/** The kernel's loop constant follows the poll interval at this distance. */
const POLL_TO_TIME_CONSTANT = 6;
/** After RATE a server is left alone for the longest poll. */
const RATE_PAUSE_MS = 2 ** POLL_MAX * 1000;

/** What {@linkcode Timed} stands on. */
export interface TimedDeps {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly resolve: Resolve;
  readonly log: Logger;
  /** 64 random bits. */
  readonly nonce: () => bigint;
  /** In [0, 1). */
  readonly random: () => number;
  /** The clock to correct; absent where it is not ours. */
  readonly sys?: ClockSys;
  /** Called once, when the clock is right for the first time. */
  readonly onSync?: (text: string) => void;
  readonly port?: number;
}

/** A server's answer with the times that the API reports. */
export interface Answer extends Reading {
  readonly server: string;
  readonly localMs: number;
  readonly remoteMs: number;
}

/** Client of the configured servers and, where allowed, master of the clock. */
export class Timed {
  readonly #deps: TimedDeps;
  #servers: readonly string[];
  #poll = POLL_MIN;
  #synced = false;
  #suspectMs: number | undefined;
  #wake = new AbortController();
  /** Servers that sent us away, until when by the monotonic clock. */
  readonly #away = new Map<string, number>();

  constructor(options: { servers: readonly string[] }, deps: TimedDeps) {
    this.#servers = options.servers;
    this.#deps = deps;
  }

  /** Whether a server has answered and the clock, if ours, follows it. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Takes other servers, and asks them at once. */
  configure(servers: readonly string[]): void {
    if (servers.join() === this.#servers.join()) return;
    this.#servers = servers;
    this.#away.clear();
    this.#poll = POLL_MIN;
    this.#wake.abort();
  }

  /** Runs until `signal` aborts; returns then. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#deps;
    let failures = 0;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const until = AbortSignal.any([signal, this.#wake.signal]);
      let delayMs: number;
      try {
        const answer = await this.query(undefined, until);
        const correction = this.#correct(answer);
        this.#poll = nextPoll(this.#poll, answer.offsetMs, correction);
        delayMs = pollDelayMs(this.#poll, correction, random());
        failures = 0;
      } catch (thrown) {
        if (until.aborted) continue;
        log.warn("Cannot read the time", thrown);
        delayMs = retryDelayMs(++failures, random());
      }
      await clock.sleep(delayMs, until).catch(() => {});
    }
  }

  /**
   * Asks `server`, or without it the configured ones in their order, now.
   *
   * @throws {NtpError} when none answers; its cause is the last refusal.
   */
  async query(
    server: string | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    let last: unknown;
    for (const name of server === undefined ? this.#servers : [server]) {
      const awayUntil = this.#away.get(name) ?? 0;
      if (awayUntil > this.#deps.clock.monotonic()) {
        last ??= new NtpError({ kind: "kiss", code: "earlier" });
        continue;
      }
      try {
        return await this.#ask(name, signal);
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        this.#noteKiss(name, thrown);
        last = thrown;
        this.#deps.log.debug(`${name} gives no time`);
      }
    }
    if (server !== undefined) throw last;
    const servers = this.#servers;
    throw new NtpError({ kind: "unreachable", servers }, { cause: last });
  }

  /** RATE: come back later. DENY, RSTR and what we do not know: never. */
  #noteKiss(name: string, thrown: unknown): void {
    if (!(thrown instanceof NtpError) || thrown.problem.kind !== "kiss") return;
    // A question by the API must not make this grow.
    if (!this.#servers.includes(name)) return;
    const untilMs = thrown.problem.code === "RATE"
      ? this.#deps.clock.monotonic() + RATE_PAUSE_MS
      : Infinity;
    this.#away.set(name, untilMs);
  }

  /** One server: its addresses in turn, each with a time limit of its own. */
  async #ask(server: string, signal: AbortSignal): Promise<Answer> {
    const limited = () =>
      AbortSignal.any([signal, AbortSignal.timeout(REPLY_TIMEOUT_MS)]);
    let last: unknown;
    const addresses = await this.#deps.resolve(server, limited());
    for (const address of addresses.slice(0, ADDRESSES_TRIED)) {
      try {
        return await this.#exchange(server, address, limited());
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        last = thrown instanceof DOMException && thrown.name === "TimeoutError"
          ? new NtpError({ kind: "timeout", timeoutMs: REPLY_TIMEOUT_MS })
          : thrown;
      }
    }
    throw last ?? new NtpError({ kind: "unreachable", servers: [server] });
  }

  #exchange(
    server: string,
    address: string,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { clock, exchange, nonce: random, port = NTP_PORT } = this.#deps;
    const nonce = random();
    let sentMs = NaN, started = NaN;
    return exchange({
      address,
      port,
      signal,
      payload: () => {
        sentMs = clock.now();
        started = clock.monotonic();
        return encodeRequest(nonce);
      },
      judge: (datagram) => {
        const elapsedMs = clock.monotonic() - started;
        const localMs = clock.now();
        const packet = judgeable(datagram, nonce);
        if (packet === undefined) return undefined;
        const reading = readReply(packet, { nonce, sentMs, elapsedMs });
        return {
          ...reading,
          server,
          localMs,
          remoteMs: localMs + reading.offsetMs,
        };
      },
    });
  }

  #correct(answer: Answer): Correction {
    const { sys, log } = this.#deps;
    const correction = correctionFor({
      offsetMs: answer.offsetMs,
      owned: sys !== undefined,
      synced: this.#synced,
      ...(this.#suspectMs === undefined ? {} : { suspectMs: this.#suspectMs }),
    });
    this.#suspectMs = correction.kind === "confirm"
      ? answer.offsetMs
      : undefined;
    const text = `${answer.server} says ${answer.offsetMs.toFixed(3)} ms ` +
      `(delay ${answer.delayMs.toFixed(3)} ms): ${correction.kind}`;
    this.#apply(correction, answer);
    if (correction.kind === "step" || correction.kind === "confirm") {
      log.warn(text);
    } else log.info(text);
    if (!this.#synced) {
      this.#synced = true;
      this.#deps.onSync?.(text);
    }
    return correction;
  }

  #apply(correction: Correction, answer: Answer): void {
    if (correction.kind === "none" || correction.kind === "confirm") return;
    const { sys, clock } = this.#deps;
    assert(sys !== undefined, "a clock that is not ours was to be corrected");
    const step = correction.kind === "step";
    if (step) {
      const targetMs = clock.now() + correction.byMs;
      sys.setTime(BigInt(Math.round(targetMs * 1e6)));
    }
    const errorUs = Math.round(answer.errorMs * 1000);
    sys.adjustTime({
      offsetNs: step ? 0 : correction.byMs * 1e6,
      timeConstant: this.#poll - POLL_TO_TIME_CONSTANT,
      maxErrorUs: errorUs,
      estimatedErrorUs: errorUs,
      // Without STA_UNSYNC the kernel also keeps the hardware clock right.
      status: STA_PLL,
    });
  }
}

/** A datagram that is an answer to us; strays are waited past, not believed. */
function judgeable(datagram: Uint8Array, nonce: bigint) {
  try {
    const packet = decodePacket(datagram);
    return packet.origin === nonce ? packet : undefined;
  } catch {
    return undefined;
  }
}
