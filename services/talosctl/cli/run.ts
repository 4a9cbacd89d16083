/**
 * One run of talosctl: understand the command line, run the command, turn
 * whatever it threw into one line and an exit code.
 */
import { type Clock, systemClock } from "#lib/clock.ts";
import type { Session } from "../client/session.ts";
import type { Flags, FlagValues, LazyCommand } from "./command.ts";
import type {
  Context,
  GlobalValues,
  OutputFormat,
  SessionOptions,
} from "./context.ts";
import { ClosedPipe, type Edge } from "./edge.ts";
import { CliError, errorLine, exitCodeOf } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { commandHelp, overview } from "./help.ts";
import { type Invocation, parse } from "./parse.ts";

/** What a run needs beside its command line. */
export interface RunOptions {
  readonly table: readonly LazyCommand[];
  readonly edge: Edge;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** Loads the client; apart, so that local commands start without RPC. */
  readonly openSession: (
    context: Context,
    options: SessionOptions & { readonly singleNode: boolean },
  ) => Promise<Session>;
}

async function runCommand(
  invocation: Invocation & { kind: "run" },
  { edge, signal, clock = systemClock, openSession }: RunOptions,
): Promise<ExitCode> {
  const { command } = invocation;
  const globals = invocation.globals as unknown as GlobalValues;
  let session: Promise<Session> | undefined;
  const context: Context = {
    path: invocation.path.join(" "),
    args: invocation.args,
    flags: invocation.values as unknown as FlagValues<Flags>,
    globals,
    format: globals.output as OutputFormat,
    given: invocation.given,
    edge,
    clock,
    signal,
    session(options = {}) {
      session ??= openSession(context, {
        ...options,
        singleNode: command.singleNode ?? false,
      });
      return session;
    },
  };
  try {
    return await command.run(context) ?? EXIT.ok;
  } finally {
    await session?.then((s) => s.close(), () => {});
  }
}

/** Runs `argv` and returns the exit code; never throws. */
export async function runTalosctl(
  argv: readonly string[],
  options: RunOptions,
): Promise<ExitCode> {
  const { edge, table, signal } = options;
  try {
    const invocation = await parse(table, argv);
    if (invocation.kind === "help") {
      const { path, of } = invocation;
      await edge.stdout(of ? commandHelp(path, of) : overview(table));
      return EXIT.ok;
    }
    return await runCommand(invocation, options);
  } catch (thrown) {
    // Whoever read our output has enough: nothing failed.
    if (thrown instanceof ClosedPipe) return EXIT.ok;
    // What else a cancelled call throws is a consequence.
    if (signal.aborted) return EXIT.interrupted;
    await edge.stderr(`${errorLine(thrown)}\n`).catch(() => {});
    return exitCodeOf(thrown);
  }
}

/** A usage error of a command's own making, with the pointer to its help. */
export function usageError(context: Context, message: string): CliError {
  return new CliError("usage", message, {
    next: `see "${context.path} --help"`,
  });
}
