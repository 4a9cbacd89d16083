/**
 * machined's end of one connection with one service host. The host may be in
 * hostile hands: lines are bounded and checked (wire.ts), reading has a budget
 * so that a flood fills the socket and not PID 1's time, and silence ends the
 * link.
 */
import type { Clock } from "#lib/clock.ts";
import { messageOf } from "#lib/errors.ts";
import {
  type Command,
  HEARTBEAT_MISSES,
  HEARTBEAT_MS,
  type Report,
} from "#lib/worker/protocol.ts";
import { Watchdog } from "#lib/worker/watchdog.ts";
import {
  decodeReport,
  encodeLine,
  LineSplitter,
  REPORT_BYTES_MAX,
} from "#lib/worker/wire.ts";

/** A host may send this much in each span; more waits in its socket. */
const BUDGET_BYTES = 512 * 1024;
const BUDGET_SPAN_MS = 100;
const READ_BYTES = 64 * 1024;
/** The silence that is allowed while a worker is being made: Deno blocks the
 * host's thread for that, on a busy machine for long. */
const STARTING_MS = 10_000;
/** Bytes of commands that a host has not read; more is a hang. */
const UNREAD_BYTES_MAX = 16 << 20;

/** What a link needs. */
export interface HostLinkOptions {
  readonly connection: Deno.Conn;
  readonly clock: Clock;
  readonly onReport: (report: Report) => void;
}

/** One connection, from accept to close. */
export class HostLink {
  readonly #options: HostLinkOptions;
  readonly #end = Promise.withResolvers<string>();
  /** Resolves once with why the link is over; never rejects. */
  readonly ended = this.#end.promise;
  readonly #watch = new Watchdog((reason) => this.close(reason));
  #writing: Promise<void> = Promise.resolve();
  readonly #starting = new Set<string>();
  #unreadBytes = 0;
  #closed = false;

  constructor(options: HostLinkOptions) {
    this.#options = options;
    this.#expectHeartbeat();
    this.#receive().then(
      () => this.close("it closed its control socket"),
      (thrown) => this.close(messageOf(thrown)),
    );
  }

  send(command: Command): void {
    if (command.type === "start") {
      this.#starting.add(command.worker);
      this.#expectHeartbeat();
    }
    const bytes = encodeLine(command);
    this.#unreadBytes += bytes.length;
    if (this.#unreadBytes > UNREAD_BYTES_MAX) {
      return this.close("it reads no commands");
    }
    this.#writing = this.#writing.then(() => this.#write(bytes)).catch(
      (thrown) => this.close(messageOf(thrown)),
    );
  }

  /** Ends the link; a host whose link has ended ends by itself. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.stop();
    this.#options.connection.close();
    this.#end.resolve(reason);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#closed;) {
      at += await this.#options.connection.write(bytes.subarray(at));
    }
    this.#unreadBytes -= bytes.length;
  }

  async #receive(): Promise<void> {
    const { connection, clock, onReport } = this.#options;
    const lines = new LineSplitter(REPORT_BYTES_MAX);
    const buffer = new Uint8Array(READ_BYTES);
    let spanStart = clock.monotonic();
    let spanBytes = 0;
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) return;
      for (const line of lines.push(buffer.subarray(0, count))) {
        const report = decodeReport(line);
        this.#starting.delete(report.worker);
        if (report.type === "stuck") {
          return this.close(`worker ${report.worker}: ${report.reason}`);
        }
        if (report.type === "heartbeat") this.#expectHeartbeat();
        else onReport(report);
      }
      spanBytes += count;
      const spent = clock.monotonic() - spanStart;
      if (spent >= BUDGET_SPAN_MS) {
        spanStart += spent;
        spanBytes = 0;
      } else if (spanBytes > BUDGET_BYTES) {
        await clock.sleep(BUDGET_SPAN_MS - spent);
      }
    }
  }

  #expectHeartbeat(): void {
    const silenceMs = this.#starting.size > 0
      ? STARTING_MS
      : HEARTBEAT_MISSES * HEARTBEAT_MS;
    this.#watch.expect(silenceMs, "hang");
  }
}
