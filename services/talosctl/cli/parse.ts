/**
 * The command line as the seed era's users type it: long and short flags,
 * `--flag=value`, `-fvalue`, grouped switches, comma lists and repeats, flags
 * before and after arguments, `--`. Knows no command by name.
 */
import { nearest } from "#lib/config/nearest.ts";
import {
  answersTo,
  type Command,
  type Flags,
  type FlagSpec,
  isGroup,
  type LazyCommand,
  type Leaf,
} from "./command.ts";
import { GLOBAL_FLAGS } from "./context.ts";
import { CliError } from "./errors.ts";
import { defaultValues, parseValue, type Value } from "./values.ts";

/** A command line, understood. */
export type Invocation =
  | { readonly kind: "help"; readonly path: string[]; readonly of?: Command }
  | {
    readonly kind: "run";
    readonly path: string[];
    readonly command: Leaf;
    readonly args: string[];
    readonly values: Record<string, Value>;
    readonly globals: Record<string, Value>;
    readonly given: Set<string>;
  };

/** Long name and spec of a flag, and whether it is one of the global ones. */
interface Found {
  readonly name: string;
  readonly spec: FlagSpec;
  readonly global: boolean;
}

/** State of one parse. */
class Parser {
  readonly path: string[] = ["talosctl"];
  /** Flags of the command and its groups; they hide global ones. */
  #own: Flags = {};
  readonly values: Record<string, Value> = {};
  readonly globals: Record<string, Value> = {};
  readonly given = new Set<string>();
  readonly args: string[] = [];
  help = false;
  readonly #rest: string[];

  constructor(argv: readonly string[]) {
    this.#rest = [...argv];
  }

  enter(name: string, flags: Flags): void {
    this.path.push(name);
    this.#own = { ...this.#own, ...flags };
  }

  /** The flags that apply here, for the defaults. */
  get own(): Flags {
    return this.#own;
  }

  /** Usage errors name the command whose help explains more. */
  fail(message: string): never {
    throw new CliError("usage", message, {
      next: `see "${this.path.join(" ")} --help"`,
    });
  }

  /** The next word that is no flag; flags on the way are taken. */
  word(): string | undefined {
    for (;;) {
      const token = this.#rest.shift();
      if (token === undefined) return undefined;
      if (token === "--") {
        // All the rest are arguments, whatever they look like.
        this.args.push(...this.#rest.splice(0));
        return this.args.shift();
      }
      if (token.startsWith("--")) this.#long(token.slice(2));
      else if (token.length > 1 && token.startsWith("-")) {
        this.#short(token.slice(1));
      } else return token;
    }
  }

  /** All remaining arguments. */
  remaining(): string[] {
    const words: string[] = [];
    for (let word = this.word(); word !== undefined; word = this.word()) {
      words.push(word);
      if (this.args.length > 0) words.push(...this.args.splice(0));
    }
    return words;
  }

  #find(match: (name: string, spec: FlagSpec) => boolean): Found | undefined {
    for (
      const [flags, global] of [
        [this.#own, false],
        [GLOBAL_FLAGS as Flags, true],
      ] as const
    ) {
      for (const [name, spec] of Object.entries(flags)) {
        if (match(name, spec)) return { name, spec, global };
      }
    }
    return undefined;
  }

  #long(text: string): void {
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    if (name === "help") {
      this.help = true;
      return;
    }
    const found = this.#find((other) => other === name);
    if (!found) {
      const names = [...Object.keys(this.#own), ...Object.keys(GLOBAL_FLAGS)];
      const near = nearest(name, names);
      this.fail(
        `unknown flag "--${name}"${near ? `: did you mean "--${near}"?` : ""}`,
      );
    }
    if (equals >= 0) this.#set(found, text.slice(equals + 1));
    else if (found.spec.type === "bool") this.#set(found, "true");
    else this.#set(found, this.#operand(`--${name}`));
  }

  #short(letters: string): void {
    for (let at = 0; at < letters.length; at++) {
      const letter = letters[at]!;
      if (letter === "h" && !this.#find((_, spec) => spec.short === "h")) {
        this.help = true;
        continue;
      }
      const found = this.#find((_, spec) => spec.short === letter);
      if (!found) this.fail(`unknown flag "-${letter}"`);
      const after = letters.slice(at + 1);
      if (after.startsWith("=")) return this.#set(found, after.slice(1));
      if (found.spec.type === "bool") {
        this.#set(found, "true");
        continue;
      }
      return this.#set(
        found,
        after === "" ? this.#operand(`-${letter}`) : after,
      );
    }
  }

  #operand(flag: string): string {
    const value = this.#rest.shift();
    if (value === undefined) this.fail(`flag ${flag} needs a value`);
    return value;
  }

  #set({ name, spec, global }: Found, text: string): void {
    const into = global ? this.globals : this.values;
    let value: Value;
    try {
      value = parseValue(name, spec, text);
    } catch (thrown) {
      this.fail((thrown as Error).message);
    }
    const before = into[name];
    into[name] = Array.isArray(value) && Array.isArray(before)
      ? [...before, ...value]
      : value;
    this.given.add(name);
  }
}

function unknownCommand(
  parser: Parser,
  word: string,
  among: readonly LazyCommand[] | readonly Command[],
): never {
  const near = nearest(
    word,
    among.flatMap((c) => [c.name, ...(c.aliases ?? [])]),
  );
  parser.fail(
    `unknown command "${word}" for "${parser.path.join(" ")}"` +
      (near ? `: did you mean "${near}"?` : ""),
  );
}

function checkArgs(parser: Parser, { args: spec }: Leaf, args: string[]): void {
  const { min, max, usage } = spec;
  if (args.length >= min && args.length <= (max ?? Infinity)) return;
  const want = max === 0 ? "takes no arguments" : `needs ${usage}`;
  parser.fail(
    `"${parser.path.join(" ")}" ${want}, got ${
      args.length === 0 ? "none" : args.map((a) => `"${a}"`).join(" ")
    }`,
  );
}

/**
 * Understands `argv` (without the program's name).
 *
 * @throws {CliError} kind usage
 */
export async function parse(
  table: readonly LazyCommand[],
  argv: readonly string[],
): Promise<Invocation> {
  const parser = new Parser(argv);
  let word = parser.word();
  // `talosctl help version` is `talosctl version --help`.
  const asked = word === "help";
  if (asked) word = parser.word();
  if (word === undefined) return { kind: "help", path: parser.path };
  const lazy = table.find((c) => answersTo(c, word!)) ??
    unknownCommand(parser, word, table);
  let command = await lazy.load();
  parser.enter(command.name, command.flags);
  while (isGroup(command)) {
    word = parser.word();
    if (word === undefined) {
      return { kind: "help", path: parser.path, of: command };
    }
    const { subcommands }: { subcommands: readonly Command[] } = command;
    command = subcommands.find((c) => answersTo(c, word!)) ??
      unknownCommand(parser, word, subcommands);
    parser.enter(command.name, command.flags);
  }
  const args = parser.remaining();
  const path = parser.path;
  if (asked || parser.help) return { kind: "help", path, of: command };
  checkArgs(parser, command, args);
  for (const [name, spec] of Object.entries(parser.own)) {
    if (spec.required && !parser.given.has(name)) {
      parser.fail(`required flag --${name} is not set`);
    }
  }
  return {
    kind: "run",
    path,
    command,
    args,
    values: { ...defaultValues(parser.own), ...parser.values },
    globals: { ...defaultValues(GLOBAL_FLAGS), ...parser.globals },
    given: parser.given,
  };
}
