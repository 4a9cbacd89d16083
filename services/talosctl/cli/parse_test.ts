/** The command line: every spelling that the seed era's users type. */
import { assertEquals, assertRejects } from "@std/assert";
import { type Command, group, leaf, NO_ARGS } from "./command.ts";
import { CliError } from "./errors.ts";
import { parse } from "./parse.ts";

const list = leaf({
  name: "list",
  aliases: ["ls"],
  summary: "List",
  args: { usage: "[path]", min: 0, max: 1 },
  flags: {
    long: { type: "bool", short: "l", help: "" },
    recurse: { type: "bool", short: "r", help: "" },
    depth: { type: "int", short: "d", help: "" },
    output: { type: "string", short: "o", help: "hides the global one" },
  },
  run: () => Promise.resolve(),
});

const config = group({
  name: "config",
  summary: "Config",
  flags: { state: { type: "string", default: "/s", help: "" } },
  subcommands: [
    leaf({
      name: "add",
      summary: "Add",
      args: { usage: "<context>", min: 1, max: 1 },
      flags: { ca: { type: "string", required: true, help: "" } },
      run: () => Promise.resolve(),
    }),
    leaf({
      name: "contexts",
      aliases: ["get-contexts"],
      summary: "List",
      args: NO_ARGS,
      flags: {},
      run: () => Promise.resolve(),
    }),
  ],
});

const lazy = (command: Command) => ({
  name: command.name,
  aliases: command.aliases ?? [],
  summary: command.summary,
  load: () => Promise.resolve(command),
});
const TABLE = [lazy(list), lazy(config)];

interface Want {
  path?: string;
  args?: string[];
  values?: Record<string, unknown>;
  globals?: Record<string, unknown>;
}

async function check(line: string[], want: Want) {
  const got = await parse(TABLE, line);
  if (got.kind !== "run") throw new Error("no run");
  assertEquals(got.path.join(" "), want.path ?? "talosctl list");
  assertEquals(got.args, want.args ?? []);
  for (const [name, value] of Object.entries(want.values ?? {})) {
    assertEquals(got.values[name], value as never, name);
  }
  for (const [name, value] of Object.entries(want.globals ?? {})) {
    assertEquals(got.globals[name], value as never, name);
  }
}

const GOOD: { name: string; line: string; want: Want }[] = [
  { name: "alias", line: "ls /etc", want: { args: ["/etc"] } },
  {
    name: "flags on both sides of arguments",
    line: "list -l /etc --depth 3",
    want: { args: ["/etc"], values: { long: true, depth: 3, recurse: false } },
  },
  {
    name: "grouped switches with a value",
    line: "list -lrd2",
    want: { values: { long: true, recurse: true, depth: 2 } },
  },
  {
    name: "equals in short and long",
    line: "list -d=4 --long=false",
    want: { values: { depth: 4, long: false } },
  },
  {
    name: "negative number as value",
    line: "list --depth -1",
    want: { values: { depth: -1 } },
  },
  {
    name: "comma lists and repeats",
    line: "-n a,b list -n c --nodes=d,e",
    want: { globals: { nodes: ["a", "b", "c", "d", "e"] } },
  },
  {
    name: "a double dash ends flags",
    line: "list -l -- -odd",
    want: { args: ["-odd"], values: { long: true } },
  },
  {
    name: "a single dash is an argument",
    line: "list -",
    want: { args: ["-"] },
  },
  {
    name: "own flag hides the global one",
    line: "list -o here",
    want: { values: { output: "here" }, globals: { output: "table" } },
  },
  {
    name: "durations as in Go",
    line: "list --timeout 1m30.5s",
    want: { globals: { timeout: 90_500 } },
  },
  {
    name: "flags of a group before and after its command",
    line: "config --state /x get-contexts",
    want: { path: "talosctl config contexts", values: { state: "/x" } },
  },
  {
    name: "the last one of a single value wins",
    line: "config contexts --state /a --state /b",
    want: { path: "talosctl config contexts", values: { state: "/b" } },
  },
];

Deno.test("parse() takes every spelling", async (t) => {
  for (const { name, line, want } of GOOD) {
    await t.step(name, () => check(line.split(" "), want));
  }
});

const BAD: { line: string; message: string; next?: string }[] = [
  {
    line: "lst",
    message: 'unknown command "lst" for "talosctl": did you mean "list"?',
    next: 'see "talosctl --help"',
  },
  {
    line: "config context",
    message:
      'unknown command "context" for "talosctl config": did you mean "contexts"?',
  },
  {
    line: "list --recurze",
    message: 'unknown flag "--recurze": did you mean "--recurse"?',
    next: 'see "talosctl list --help"',
  },
  { line: "list -x", message: 'unknown flag "-x"' },
  { line: "list -d", message: "flag -d needs a value" },
  { line: "list --depth", message: "flag --depth needs a value" },
  {
    line: "list --depth x",
    message: 'invalid value "x" for flag --depth: want a whole number',
  },
  {
    line: "list --long=maybe",
    message: 'invalid value "maybe" for flag --long: want true or false',
  },
  {
    line: "--output xml list",
    message: 'invalid value "xml" for flag --output: want table, json, yaml',
  },
  {
    line: "list --timeout 5",
    message:
      'invalid value "5" for flag --timeout: want a duration such as 1m30s',
  },
  {
    line: "list a b",
    message: '"talosctl list" needs [path], got "a" "b"',
  },
  {
    line: "config contexts a",
    message: '"talosctl config contexts" takes no arguments, got "a"',
  },
  {
    line: "config add x",
    message: "required flag --ca is not set",
  },
  {
    line: "config add --ca x",
    message: '"talosctl config add" needs <context>, got none',
  },
];

Deno.test("parse() refuses with what and where to read on", async (t) => {
  for (const { line, message, next } of BAD) {
    await t.step(line, async () => {
      const error = await assertRejects(
        () => parse(TABLE, line.split(" ")),
        CliError,
      );
      assertEquals(error.message, message);
      assertEquals(error.exitCode, 2);
      if (next) assertEquals(error.next, next);
    });
  }
});

Deno.test("parse() asks for help in each of its forms", async (t) => {
  for (
    const [line, path] of [
      ["--help", "talosctl"],
      ["-h", "talosctl"],
      ["", "talosctl"],
      ["help", "talosctl"],
      ["help list", "talosctl list"],
      ["list -h", "talosctl list"],
      ["list a b c --help", "talosctl list"],
      ["config", "talosctl config"],
      ["config add --help", "talosctl config add"],
      ["--help config add", "talosctl config add"],
    ] as const
  ) {
    await t.step(line || "nothing", async () => {
      const got = await parse(TABLE, line.split(" ").filter(Boolean));
      assertEquals(got.kind, "help");
      assertEquals(got.path.join(" "), path);
    });
  }
});
