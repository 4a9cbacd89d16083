/** The table of commands is what the commands say of themselves. */
import { assert, assertEquals } from "@std/assert";
import { type Command, isGroup } from "./cli/command.ts";
import { commandHelp, overview } from "./cli/help.ts";
import { COMMANDS } from "./commands.ts";

const loaded = await Promise.all(COMMANDS.map((command) => command.load()));

Deno.test("the lazy table repeats name, aliases and summary", () => {
  assertEquals(
    COMMANDS.map(({ name, aliases, summary }) => ({ name, aliases, summary })),
    loaded.map(({ name, aliases, summary }) => ({ name, aliases, summary })),
  );
  const names = COMMANDS.map(({ name }) => name);
  assertEquals(names, names.toSorted());
});

function visit(path: string[], command: Command, found: [string[], Command][]) {
  found.push([path, command]);
  if (!isGroup(command)) return;
  for (const sub of command.subcommands) {
    visit([...path, sub.name], sub, found);
  }
}

const all: [string[], Command][] = [];
for (const command of loaded) visit([command.name], command, all);

Deno.test("names, aliases and short flags are unique where they are looked up", () => {
  const siblings = new Map<string, string[]>();
  for (const [path, command] of all) {
    const parent = path.slice(0, -1).join(" ");
    const words = [command.name, ...command.aliases ?? []];
    siblings.set(parent, [...siblings.get(parent) ?? [], ...words]);
    const shorts = Object.values(command.flags).flatMap((f) => f.short ?? []);
    assertEquals(shorts, [...new Set(shorts)], path.join(" "));
  }
  for (const words of siblings.values()) {
    assertEquals(words, [...new Set(words)]);
  }
});

Deno.test("every command has a help text with its flags, in lines", () => {
  for (const [path, command] of all) {
    const text = commandHelp(["talosctl", ...path], command);
    for (const [name, flag] of Object.entries(command.flags)) {
      assert(flag.hidden || text.includes(`--${name}`), `${path} ${name}`);
    }
    assert(!command.summary.endsWith("."), `${path} ends with a period`);
  }
  const text = overview(COMMANDS);
  for (const { name } of COMMANDS) assert(text.includes(`\n  ${name} `), name);
});
