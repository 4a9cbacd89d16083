/** Help texts, from the same values that the parser uses. Pure. */
import { formatTable } from "../render/table.ts";
import {
  type Command,
  type Flags,
  type FlagSpec,
  isGroup,
  type LazyCommand,
} from "./command.ts";
import { GLOBAL_FLAGS } from "./context.ts";

function flagText(spec: FlagSpec): string {
  const tail: string[] = [];
  if (spec.required) tail.push("required");
  if (spec.choices) tail.push(spec.choices.join("|"));
  if (spec.default !== undefined) tail.push(`default ${spec.default}`);
  return tail.length > 0 ? `${spec.help} (${tail.join(", ")})` : spec.help;
}

function flagTable(flags: Flags): string {
  const rows = Object.entries(flags).filter(([, spec]) => !spec.hidden).map(
    ([name, spec]) => [
      `  ${spec.short ? `-${spec.short}, ` : "    "}--${name}${
        spec.type === "bool" ? "" : ` ${spec.type}`
      }`,
      flagText(spec),
    ],
  );
  return formatTable(rows);
}

function commandTable(
  commands: readonly { name: string; summary: string; hidden?: boolean }[],
): string {
  return formatTable(
    commands.filter((c) => !c.hidden).map((
      c,
    ) => [`  ${c.name}`, c.summary]),
  );
}

/** The overview: `talosctl --help`. */
export function overview(table: readonly LazyCommand[]): string {
  return `talosctl operates nodes and clusters through their API.

Usage:
  talosctl [flags] <command> [args]

Commands:
${commandTable(table)}
Flags:
${flagTable(GLOBAL_FLAGS)}
Exit codes: 0 ok, 1 failure, 2 usage, 3 some nodes failed, 4 unreachable,
5 certificate, 7 time-out, 130 interrupted.
See "talosctl <command> --help" for one command.
`;
}

/** The help of one command, `path` as it was typed. */
export function commandHelp(
  path: readonly string[],
  command: Command,
  inherited: Flags = {},
): string {
  const name = path.join(" ");
  const sections = [`${command.summary}.\n`];
  if (command.details) sections.push(`${command.details}\n`);
  if (isGroup(command)) {
    sections.push(
      `Usage:\n  ${name} <command>\n`,
      `Commands:\n${commandTable(command.subcommands)}`,
    );
  } else {
    const usage = [name, command.args.usage, "[flags]"].filter(Boolean);
    sections.push(`Usage:\n  ${usage.join(" ")}\n`);
  }
  if (command.aliases?.length) {
    sections.push(
      `Aliases:\n  ${[command.name, ...command.aliases].join(", ")}\n`,
    );
  }
  const own = { ...inherited, ...command.flags };
  if (Object.keys(own).length > 0) sections.push(`Flags:\n${flagTable(own)}`);
  const shorts = new Set(Object.values(own).map((spec) => spec.short));
  // A flag of the command hides the letter of a global one.
  const global = Object.fromEntries(
    Object.entries(GLOBAL_FLAGS as Flags).map(([flag, spec]) => {
      const { short, ...rest } = spec;
      return [flag, short && !shorts.has(short) ? spec : rest];
    }),
  );
  sections.push(`Global flags:\n${flagTable(global)}`);
  return sections.join("\n");
}
