/**
 * One line per event. Where lines go is the caller's choice: the control port
 * of a worker, the ring of machined, the terminal of a developer.
 */
import { chainOf } from "./errors.ts";

/** Severity of a line, in rising order. */
export type Level = "debug" | "info" | "warn" | "error";

/** Takes finished lines, without a newline at the end. */
export type LogSink = (line: string) => void;

/** Writes lines of one subject. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string, cause?: unknown): void;
  /** `cause` is printed with its whole chain. */
  error(message: string, cause?: unknown): void;
  /** A logger whose lines begin with `subject: `. */
  child(subject: string): Logger;
}

/** Control characters would let a peer forge lines. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/g;

/** `text` with its control characters, but for tabs, spelled out. */
export function printable(text: string): string {
  return text.replace(
    CONTROL,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** A logger that hands `2026-01-02T03:04:05.678Z warn subject: text` to `sink`. */
export function createLogger(
  sink: LogSink,
  options: { subject?: string; now?: () => number } = {},
): Logger {
  const { subject = "", now = Date.now } = options;
  const write = (level: Level, message: string, cause?: unknown) => {
    const tail = cause === undefined ? "" : `: ${chainOf(cause)}`;
    const text = printable(`${subject}${message}${tail}`);
    sink(`${new Date(now()).toISOString()} ${level} ${text}`);
  };
  return {
    debug: (message) => write("debug", message),
    info: (message) => write("info", message),
    warn: (message, cause) => write("warn", message, cause),
    error: (message, cause) => write("error", message, cause),
    child: (name) =>
      createLogger(sink, { subject: `${subject}${name}: `, now }),
  };
}
