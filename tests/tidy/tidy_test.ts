/** House rules as a test: names, sizes, layers, leftovers. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { readTree, ROOT, type SourceFile } from "./tree.ts";

const FILE_LINES_MAX = 600;
/** Tables and suites, which may be longer. */
const LONG_FILES: readonly string[] = [];

const sources: SourceFile[] = await readTree();

/** Reports `path: what` for each file that `check` finds something in. */
function check(name: string, find: (file: SourceFile) => string[]) {
  Deno.test(`tidy: ${name}`, () => {
    const found = sources.flatMap((file) =>
      find(file).map((what) => `${file.path}: ${what}`)
    );
    assertEquals(found, []);
  });
}

check("files are at most 600 lines", (file) => {
  const lines = file.text.split("\n").length;
  return lines > FILE_LINES_MAX && !LONG_FILES.includes(file.path)
    ? [`${lines} lines`]
    : [];
});

check(
  "files are named in snake_case, never index, utils or helpers",
  (file) => {
    const name = file.path.split("/").at(-1)!;
    return /^_?[a-z0-9]+(_[a-z0-9]+)*(\.[a-z]+)?\.ts$/.test(name) &&
        !/^(index|utils|helpers)\.ts$/.test(name)
      ? []
      : [`name ${name}`];
  },
);

check(
  "files open with a doc comment that says what they are",
  (file) =>
    /^(#!.*\n)?(\/\/ deno-lint-ignore-file.*\n)?\/\*\*/.test(file.text)
      ? []
      : ["no opening doc comment"],
);

check("a daemon never imports a daemon, and lib imports no daemon", (file) => {
  const own = /^services\/([a-z]+)\//.exec(file.path)?.[1];
  if (own === undefined || /_(test|bench)\.ts$/.test(file.path)) return [];
  return [...file.text.matchAll(/from "((?:\.\.?\/)+)([a-z]+)\/([\w/.]+)"/g)]
    .filter(([, , first]) => DAEMONS.includes(first!) && first !== own)
    // machined reads the manifests of all daemons: they are data.
    .filter(([, , , rest]) => rest !== "manifest.ts")
    .map(([, dots, first, rest]) => `imports ${dots}${first}/${rest}`);
});

// Both ends of node:http2 can end the whole process when a peer says GOAWAY
// (denoland/deno issue 36788), and grpc-js stands on it.
check("nobody speaks through node:http2 or grpc-js", (file) => {
  if (/_(test|bench)\.ts$|^tests\//.test(file.path)) return [];
  return [...file.text.matchAll(/from "(node:http2|@grpc\/grpc-js)"/g)]
    .map(([, name]) => `imports ${name}`);
});

check("no leftovers", (file) =>
  file.path.startsWith("tests/tidy/") ? [] : [
    ...file.text.matchAll(/\b(TODO|FIXME|XXX|HACK)\b/g),
  ].map(([word]) => `leftover ${word}`));

check("no sleep as synchronisation in tests", (file) => {
  if (!file.path.endsWith("_test.ts")) return [];
  return /\b(setTimeout\(\s*resolve|delay\()/.test(file.text)
    ? ["wait with eventually() from tests/lib"]
    : [];
});

Deno.test("tidy: a README of a daemon fits a page", async () => {
  for (const name of DAEMONS) {
    const path = join(ROOT, "services", name, "README.md");
    const text = await Deno.readTextFile(path).catch(() => undefined);
    if (name === "udevd" && text === undefined) continue;
    const lines = text?.trimEnd().split("\n").length ?? Infinity;
    assert(lines <= README_LINES_MAX, `${name}/README.md: ${lines} lines`);
  }
});

Deno.test("tidy: manifests have the same keys in the same order", async () => {
  for (const { path, text } of sources) {
    if (!/^services\/\w+\/manifest\.ts$/.test(path)) continue;
    const { manifest } = await import(`file://${join(ROOT, path)}`);
    const keys = Object.keys(manifest);
    assertEquals(keys, MANIFEST_KEYS.filter((key) => keys.includes(key)), path);
    assertMatch(text, /^} as const satisfies Manifest;$/m);
  }
});

Deno.test("tidy: mod.ts has a line for every program, and is short", () => {
  const { text } = sources.find(({ path }) => path === "mod.ts")!;
  const programs = sources
    .map(({ path }) => /^services\/(\w+)\/manifest\.ts$/.exec(path)?.[1])
    .filter((name) => name !== undefined);
  const lines = [...text.matchAll(/^ {2}(\w+): (?:async )?\(\) =>/gm)]
    .map(([, name]) => name!);
  assertEquals(lines.sort(), programs.sort());
  assert(text.split("\n").length <= 80);
});

const README_LINES_MAX = 40;

const MANIFEST_KEYS = [
  "name",
  "job",
  "host",
  "serves",
  "socket",
  "port",
  "callers",
  "config",
  "permissions",
  "capabilities",
  "mounts",
  "needs",
  "restart",
  "health",
  "memoryMiB",
];

const DAEMONS = [
  "machined",
  "apid",
  "routerd",
  "networkd",
  "timed",
  "trustd",
  "udevd",
  "talosctl",
];
