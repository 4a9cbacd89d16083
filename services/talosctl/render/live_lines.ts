/**
 * Lines of something that is waited for. On a terminal the last one stays
 * where it is while its reason changes and its time runs; elsewhere each
 * change is a line. Pure: what is returned is to be written.
 */
import { oneLine } from "../cli/errors.ts";
import { formatDuration } from "./duration.ts";

/** How a line begins that goes on: `waiting for X: reason`, at last `OK`. */
const WAITING = /^(?:waiting for|uploading) .*?: /;
const DONE = /: OK$/;
/** To the start of the line, and clear it. */
const AGAIN = "\r\x1b[K";

interface Line {
  readonly text: string;
  /** What the next text must begin with to take its place; empty: nothing. */
  readonly key: string;
  readonly startedMs: number;
}

/** See the top of the file. */
export class LiveLines {
  readonly #columns: number | undefined;
  readonly #stamp: (nowMs: number) => string;
  #line: Line | undefined;

  /**
   * Columns of the terminal; undefined: it is none. Each line begins with what
   * `stamp` says.
   */
  constructor(
    columns: number | undefined,
    stamp: (nowMs: number) => string = () => "",
  ) {
    this.#columns = columns;
    this.#stamp = stamp;
  }

  /** The next text of a peer. */
  say(peerText: string, nowMs: number): string {
    const text = oneLine(peerText);
    if (this.#columns === undefined) return `${this.#stamp(nowMs)}${text}\n`;
    const key = WAITING.exec(text)?.[0] ?? "";
    const same = key !== "" && key === this.#line?.key;
    const before = same ? AGAIN : this.end();
    const startedMs = same ? this.#line!.startedMs : nowMs;
    this.#line = { text, key: DONE.test(text) ? "" : key, startedMs };
    return before + this.#drawn(nowMs);
  }

  /** Time has passed. */
  tick(nowMs: number): string {
    return this.#line?.key ? AGAIN + this.#drawn(nowMs) : "";
  }

  /** Leaves the last line as it is. */
  end(): string {
    const open = this.#line !== undefined;
    this.#line = undefined;
    return open ? "\n" : "";
  }

  #drawn(nowMs: number): string {
    const { startedMs } = this.#line!;
    const text = this.#stamp(nowMs) + this.#line!.text;
    const seconds = Math.floor((nowMs - startedMs) / 1000);
    const time = seconds > 0 ? ` (${formatDuration(seconds * 1000)})` : "";
    // The last column stays free: some terminals go on to the next line.
    const room = Math.max(this.#columns! - 1 - time.length, 0);
    const all = [...text];
    if (all.length <= room) return text + time;
    return `${all.slice(0, Math.max(room - 1, 0)).join("")}…${time}`;
  }
}
