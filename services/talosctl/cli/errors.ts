/**
 * What talosctl can fail with. Each is printed as one line: what was tried,
 * why it failed, and what to do next.
 */
import { AgentError, chainOf } from "#lib/errors.ts";
import { EXIT, type ExitCode } from "./exit.ts";

/** Why a command ended without success. */
export type CliProblem =
  /** The command line is wrong. */
  | { readonly kind: "usage" }
  | { readonly kind: "failure" }
  /** Some of several nodes failed; the others were printed. */
  | { readonly kind: "someNodes" }
  | { readonly kind: "unreachable" }
  /** A certificate is missing, expired, foreign or without the role. */
  | { readonly kind: "certificate" }
  | { readonly kind: "timeout" }
  | { readonly kind: "interrupted" };

/** A failure with its exit code and, where there is one, the next step. */
export class CliError extends AgentError<CliProblem> {
  override name = "CliError";
  /** For instance `see "talosctl version --help"`. */
  readonly next: string | undefined;

  constructor(
    kind: CliProblem["kind"],
    message: string,
    options: ErrorOptions & { next?: string } = {},
  ) {
    super({ kind }, message, options);
    this.next = options.next;
  }

  get exitCode(): ExitCode {
    return EXIT[this.problem.kind];
  }
}

// Terminal escapes from a peer's error text must not reach the terminal.
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]+/g;

/** Text of a peer, safe to print on one line of a terminal. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, " ").trim();
}

/** The one line that is printed for anything thrown. */
export function errorLine(thrown: unknown): string {
  const next = thrown instanceof CliError && thrown.next
    ? `; ${thrown.next}`
    : "";
  return `error: ${oneLine(chainOf(thrown))}${next}`;
}

/** The exit code for anything thrown. */
export function exitCodeOf(thrown: unknown): ExitCode {
  return thrown instanceof CliError ? thrown.exitCode : EXIT.failure;
}
