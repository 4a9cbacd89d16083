/** What a command is given when it runs. */
import type { Clock } from "#lib/clock.ts";
import type { Session } from "../client/session.ts";
import type { Flags, FlagValues } from "./command.ts";
import type { Edge } from "./edge.ts";

/** How results are printed. */
export type OutputFormat = "table" | "json" | "yaml";

/** The flags that every command has. */
export const GLOBAL_FLAGS = {
  talosconfig: {
    type: "string",
    help:
      "path of the client config (default $TALOSCONFIG, then $XDG_CONFIG_HOME/talos/config.yaml, then $HOME/.talos/config)",
    complete: "file",
  },
  context: {
    type: "string",
    help: "context of the client config to use",
    complete: "context",
  },
  nodes: {
    type: "strings",
    short: "n",
    help: "nodes to ask (default the context's, else the endpoint itself)",
  },
  endpoints: {
    type: "strings",
    short: "e",
    help: "nodes to connect to (default the context's)",
  },
  output: {
    type: "string",
    short: "o",
    default: "table",
    choices: ["table", "json", "yaml"],
    help: "how results are printed",
  },
  timeout: {
    type: "duration",
    default: "1m0s",
    help: "limit for an answer, 0 for none; streams have one only when given",
  },
} as const satisfies Flags;

/** Their values. */
export type GlobalValues = FlagValues<typeof GLOBAL_FLAGS>;

/** How a session differs from the one that the talosconfig describes. */
export interface SessionOptions {
  /**
   * Straight to the one node, which has no certificate of a CA yet; its
   * public key must have one of the fingerprints, if there are any.
   */
  readonly insecure?: { readonly fingerprints: readonly string[] };
}

/** One run of one command. */
export interface Context<F extends Flags = Flags> {
  /** `talosctl config context` */
  readonly path: string;
  readonly args: readonly string[];
  readonly flags: FlagValues<F>;
  readonly globals: GlobalValues;
  readonly format: OutputFormat;
  /** Long names of the flags that were on the command line. */
  readonly given: ReadonlySet<string>;
  readonly edge: Edge;
  readonly clock: Clock;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
  /** The client, set up when first asked for; closed by the runner. */
  session(options?: SessionOptions): Promise<Session>;
}
