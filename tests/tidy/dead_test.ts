/**
 * Nothing dead: every file can be reached from a program, a door, a test or a
 * bench, and what is exported is used somewhere else.
 */
import { assertEquals } from "@std/assert";
import { dirname, join, normalize } from "@std/path";
import denoJson from "../../deno.json" with { type: "json" };
import { readTree, type SourceFile } from "./tree.ts";

const tree = await readTree();
const files = new Map(tree.map((file) => [file.path, file]));

/** What is started by name: tests, benches, doors, the tasks of deno.json. */
function isEntry({ path }: SourceFile): boolean {
  return /(_test|_bench|(^|\/)(main|mod))\.ts$/.test(path) ||
    JSON.stringify(denoJson).includes(path);
}

const ALIASES = Object.entries(denoJson.imports)
  .filter(([name]) => name.startsWith("#"));

/** The files that a quoted `something.ts` in `from` can mean. */
function meant(text: string, from: SourceFile): string[] {
  for (const [name, to] of ALIASES) {
    if (text.startsWith(name)) {
      return [normalize(join(to, text.slice(name.length)))];
    }
  }
  if (text.startsWith(".")) {
    return [normalize(join(dirname(from.path), text))];
  }
  // A path that is put together: its parts must be there in their order.
  const parts = text.split(/\$\{[^}]*\}/).map((part) => RegExp.escape(part));
  if (parts.join("") === "\\.ts") return [];
  const path = new RegExp(`(^|/)${parts.join(".*").replace(/^\.\*\/?/, "")}$`);
  return [...files.keys()].filter((one) => path.test(one));
}

function quoted({ text }: SourceFile): string[] {
  return [...text.matchAll(/["'`]([^"'`\s]+\.ts)["'`]/g)].map(([, it]) => it!);
}

Deno.test("dead: every file is reached from something that is started", () => {
  const reached = new Set(tree.filter(isEntry).map(({ path }) => path));
  for (const path of reached) {
    const file = files.get(path);
    if (!file) continue;
    for (const text of quoted(file)) {
      for (const next of meant(text, file)) reached.add(next);
    }
  }
  assertEquals(tree.map(({ path }) => path).filter((p) => !reached.has(p)), []);
});

const EXPORTED =
  /^export (?:abstract |async )*(const|let|function\*?|class|interface|type) (\w+)/gm;

/** The words of a file, counted once. */
const words = new Map(
  tree.map(({ path, text }) => [path, new Set(text.match(/\w+/g))]),
);

Deno.test("dead: every export is used outside of its file", () => {
  const dead = tree.flatMap(({ path, text }) =>
    [...text.matchAll(EXPORTED)].filter(([, kind, name]) => {
      const elsewhere = tree.some((other) =>
        other.path !== path && words.get(other.path)!.has(name!)
      );
      if (elsewhere) return false;
      // A type may be the shape of what its file exports.
      const own = text.match(new RegExp(`\\b${name}\\b`, "g"))!.length;
      return !(/^(interface|type)$/.test(kind!) && own > 1);
    }).map(([, , name]) => `${path}: ${name}`)
  );
  assertEquals(dead, []);
});
