/**
 * A command as data: name, aliases, flags, arguments and one function. The
 * parser, the help text, the completion scripts and the README table all read
 * these values; nothing about a command is written twice.
 */
import type { Context } from "./context.ts";
import type { ExitCode } from "./exit.ts";

/** What a flag may hold; durations are milliseconds, written as in Go. */
export type FlagType = "bool" | "string" | "strings" | "int" | "duration";

/** One flag; its long name is its key in {@linkcode Flags}. */
export interface FlagSpec {
  readonly type: FlagType;
  /** One letter, without the dash. */
  readonly short?: string;
  readonly help: string;
  /** As it would be typed; absent: false, empty, 0. */
  readonly default?: string;
  readonly required?: boolean;
  /** The only values that are accepted, and what completion offers. */
  readonly choices?: readonly string[];
  /** What completion offers after it. */
  readonly complete?: "file" | "dir" | "context";
  readonly hidden?: boolean;
}

/** Flags by long name. */
export type Flags = Readonly<Record<string, FlagSpec>>;

type FlagValue<F extends FlagSpec> = F["type"] extends "bool" ? boolean
  : F["type"] extends "strings" ? readonly string[]
  : F["type"] extends "int" | "duration" ? number
  : string;

/** Parsed values of `F`, every flag present. */
export type FlagValues<F extends Flags> = {
  readonly [K in keyof F]: FlagValue<F[K]>;
};

/** How many arguments a command takes, and what they are called. */
export interface ArgsSpec {
  /** As in the usage line, for instance `<id>` or `[path]`. */
  readonly usage: string;
  readonly min: number;
  /** Absent: any number. */
  readonly max?: number;
  /** What completion offers. */
  readonly complete?: "file" | "dir" | "context" | "service" | "shell";
}

/** No arguments. */
export const NO_ARGS: ArgsSpec = { usage: "", min: 0, max: 0 };

interface CommandBase {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One line without a final period. */
  readonly summary: string;
  /** Paragraphs below the usage line of the help text. */
  readonly details?: string;
  readonly hidden?: boolean;
}

/** A command that does something. */
export interface Leaf<F extends Flags = Flags> extends CommandBase {
  readonly args: ArgsSpec;
  readonly flags: F;
  /** Refuses more than one node, as the RPC behind it answers with one. */
  readonly singleNode?: boolean;
  /** Returns nothing for success; throws CliError or any error. */
  run(context: Context<F>): Promise<ExitCode | void>;
}

/** A command that only holds others; its flags are theirs too. */
export interface Group extends CommandBase {
  readonly flags: Flags;
  readonly subcommands: readonly Command[];
}

/** A node of the tree of commands. */
export type Command = Leaf | Group;

/** A command that is loaded when it is needed, with what the overview shows. */
export interface LazyCommand extends CommandBase {
  load(): Promise<Command>;
}

/** Keeps the types of the flags in `run`, then forgets them. */
export function leaf<const F extends Flags>(command: Leaf<F>): Leaf {
  return command as unknown as Leaf;
}

/** A group, for the same look. */
export function group(command: Group): Group {
  return command;
}

/** Whether it has commands of its own. */
export function isGroup(command: Command): command is Group {
  return "subcommands" in command;
}

/** Whether `word` names `command`. */
export function answersTo(command: CommandBase, word: string): boolean {
  return command.name === word || (command.aliases ?? []).includes(word);
}
