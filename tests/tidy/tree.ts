/** The TypeScript sources of the project, for the tidy tests. */
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";

/** The top of the checkout. */
export const ROOT = join(
  dirname(fileURLToPath(import.meta.url)),
  "..",
  "..",
);

/** One source file, its path relative to the top. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const SKIPPED = [
  "_out",
  "node_modules",
  ".git",
  "proto/gen",
  "core-wasm/assembly",
];

/** All hand-written .ts files. */
export async function readTree(): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const visit = async (sub: string) => {
    for await (const entry of Deno.readDir(join(ROOT, sub))) {
      const path = sub === "" ? entry.name : `${sub}/${entry.name}`;
      if (SKIPPED.includes(path)) continue;
      if (entry.isDirectory) await visit(path);
      else if (path.endsWith(".ts")) {
        files.push({ path, text: await Deno.readTextFile(join(ROOT, path)) });
      }
    }
  };
  await visit("");
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}
