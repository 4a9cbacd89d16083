/**
 * What core.wasm was made from, as one digest: the compiler's version and
 * flags, and every source by name. `build/core.json` holds it.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";

/** This folder, with a slash at its end. */
export const CORE_DIR = fileURLToPath(new URL(".", import.meta.url));

/** Everything but the file to write. `--runtime stub`: nothing allocates. */
export const ASC_FLAGS: readonly string[] = [
  "-O3",
  "--converge",
  "--runtime",
  "stub",
  "--enable",
  "simd",
  // Pages of 64 KiB: MEMORY_LIMIT of instance.ts.
  "--maximumMemory",
  "1024",
];

/** `build/core.json`. */
export interface CoreDigest {
  readonly sources: string;
  readonly wasm: string;
}

/** Lower-case hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The .ts files below `dir`, relative to it, sorted. */
function sourceFiles(dir: string): string[] {
  const found: string[] = [];
  const visit = (sub: string) => {
    for (const entry of Deno.readDirSync(join(dir, sub))) {
      const path = sub === "" ? entry.name : `${sub}/${entry.name}`;
      if (entry.isDirectory) visit(path);
      else if (path.endsWith(".ts")) found.push(path);
    }
  };
  visit("");
  return found.sort();
}

/** The digest of the sources for a compiler (`npm:assemblyscript@...`). */
export function sourcesDigest(compiler: string): string {
  const dir = join(CORE_DIR, "assembly");
  const hash = createHash("sha256");
  hash.update(`${compiler}\n${ASC_FLAGS.join(" ")}\n`);
  for (const path of sourceFiles(dir)) {
    hash.update(
      `${path} ${sha256Hex(Deno.readFileSync(join(dir, path)))}\n`,
    );
  }
  return hash.digest("hex");
}
