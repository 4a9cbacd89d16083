#!/usr/bin/env -S deno run -P=talosctl
/** talosctl: joins the commands to the terminal and the network. */
import { commandLine, realEdge, runProcess } from "./cli/edge.ts";
import { type RunOptions, runTalosctl } from "./cli/run.ts";
import { COMMANDS } from "./commands.ts";

/** Loaded by the first command that calls a node. */
const openSession: RunOptions["openSession"] = async (context, options) => {
  const remote = await import("./client/remote.ts");
  return await remote.openSession(context, options);
};

/** The program; never returns. */
export function main(args: readonly string[]): Promise<never> {
  return runProcess(
    args,
    (argv, signal) =>
      runTalosctl(argv, {
        table: COMMANDS,
        edge: realEdge,
        signal,
        openSession,
      }),
  );
}

if (import.meta.main) await main(commandLine);
