/**
 * The control protocol as bytes: one JSON object a line. A host may be in the
 * hands of whoever broke into it, so machined checks every field of every
 * report and bounds every line; nothing unknown passes.
 */
import { AgentError } from "../errors.ts";
import { printable } from "../log.ts";
import { LINE_CHARS, REPORT_CHARS } from "./log_window.ts";
import type { Permissions } from "./manifest.ts";
import type { Command, Report, WorkerConfig } from "./protocol.ts";

/** Bytes of a report; a log report at its limit fits, fully escaped. */
export const REPORT_BYTES_MAX = 8 * (REPORT_CHARS + LINE_CHARS);
/** Bytes of a command; a machine config is at most 1 MiB. */
export const COMMAND_BYTES_MAX = 4 << 20;
/** Characters of a notice, a health message or an error. */
export const TEXT_CHARS_MAX = 1024;

/** What a line can be besides a message. */
export type WireProblem =
  | { readonly kind: "tooLong"; readonly limitBytes: number }
  | { readonly kind: "malformed"; readonly what: string };

/** The peer broke the control protocol. */
export class WireError extends AgentError<WireProblem> {
  override name = "WireError";

  constructor(problem: WireProblem, options?: ErrorOptions) {
    super(
      problem,
      problem.kind === "tooLong"
        ? `Control line is longer than ${problem.limitBytes} bytes`
        : `Control line is malformed: ${problem.what}`,
      options,
    );
  }
}

/** Cuts a byte stream into lines of at most `limitBytes`. */
export class LineSplitter {
  readonly #limitBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The lines that `chunk` completes. @throws {WireError} tooLong. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(0x0a, from);
      const part = chunk.subarray(from, at < 0 ? chunk.length : at);
      this.#bytes += part.length;
      if (this.#bytes > this.#limitBytes) {
        throw new WireError({ kind: "tooLong", limitBytes: this.#limitBytes });
      }
      if (at < 0) {
        // A copy: the reader uses its buffer again.
        if (part.length > 0) this.#parts.push(part.slice());
        return lines;
      }
      lines.push(this.#finish(part));
      from = at + 1;
    }
  }

  #finish(last: Uint8Array): string {
    const whole = new Uint8Array(this.#bytes);
    let offset = 0;
    for (const part of [...this.#parts, last]) {
      whole.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    this.#bytes = 0;
    return new TextDecoder().decode(whole);
  }
}

const ENCODER = new TextEncoder();

/** One line, with its newline. */
export function encodeLine(message: Command | Report): Uint8Array {
  return ENCODER.encode(`${JSON.stringify(message)}\n`);
}

function malformed(what: string): never {
  throw new WireError({ kind: "malformed", what });
}

/** The fields of one JSON object, checked as they are taken out. */
class Fields {
  readonly #object: Readonly<Record<string, unknown>>;

  constructor(line: string) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      malformed("not JSON");
    }
    if (!isRecord(value)) malformed("not an object");
    this.#object = value;
  }

  text(key: string, limit = TEXT_CHARS_MAX): string {
    const value = this.#own(key);
    if (typeof value !== "string") malformed(`"${key}" is not a string`);
    return printable(
      value.length > limit ? `${value.slice(0, limit)}...` : value,
    );
  }

  flag(key: string): boolean {
    const value = this.#own(key);
    if (typeof value !== "boolean") malformed(`"${key}" is not a boolean`);
    return value;
  }

  lines(key: string): string[] {
    const value = this.#own(key);
    if (!Array.isArray(value)) malformed(`"${key}" is not a list`);
    return value.map((line: unknown) =>
      typeof line === "string"
        ? printable(line)
        : malformed(`"${key}" has no strings`)
    );
  }

  record(key: string): Readonly<Record<string, unknown>> {
    const value = this.#own(key);
    if (!isRecord(value)) malformed(`"${key}" is not an object`);
    return value;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#object, key);
  }

  #own(key: string): unknown {
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Characters of a worker's name. */
const NAME_CHARS_MAX = 64;

/** A report of a host. @throws {WireError} on anything else. */
export function decodeReport(line: string): Report {
  const fields = new Fields(line);
  const type = fields.text("type");
  const worker = fields.text("worker", NAME_CHARS_MAX);
  switch (type) {
    case "ready":
    case "heartbeat":
      return { type, worker };
    case "health":
      return {
        type,
        worker,
        healthy: fields.flag("healthy"),
        message: fields.text("message"),
      };
    case "log":
      return { type, worker, lines: fields.lines("lines") };
    case "notice":
      return { type, worker, text: fields.text("text") };
    case "stuck":
      return { type, worker, reason: fields.text("reason") };
    case "exited":
      return fields.has("error")
        ? { type, worker, error: fields.text("error") }
        : { type, worker };
    default:
      malformed(`unknown type "${type.slice(0, NAME_CHARS_MAX)}"`);
  }
}

/**
 * A command of machined, which is trusted: its shape is checked, the contents
 * of the config are not. @throws {WireError}
 */
export function decodeCommand(line: string): Command {
  const fields = new Fields(line);
  const type = fields.text("type");
  const worker = fields.text("worker", NAME_CHARS_MAX);
  switch (type) {
    case "start":
      return {
        type,
        worker,
        entry: fields.text("entry"),
        permissions: fields.record("permissions") as Permissions,
        config: fields.record("config") as unknown as WorkerConfig,
      };
    case "configure":
      return {
        type,
        worker,
        config: fields.record("config") as unknown as WorkerConfig,
      };
    case "stop":
      return { type, worker };
    default:
      malformed(`unknown type "${type.slice(0, NAME_CHARS_MAX)}"`);
  }
}
