/** `deno bundle` of the entry points: one file each, nothing imported. */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { run } from "#lib/command.ts";

/** What a build calls itself: the same commit, the same bytes. */
export interface BuildInfo {
  readonly sha: string;
  /** Time of the commit, RFC 3339: a build has no time of its own. */
  readonly built: string;
}

/** The commit at `root`; `source` where there is no git. */
export async function buildInfo(root: string): Promise<BuildInfo> {
  const git = async (...args: string[]) =>
    (await run(["git", ...args], { cwd: root })).trim();
  try {
    const [sha = "", built = ""] =
      (await git("log", "-1", "--format=%h %cI", "--abbrev=8")).split(" ");
    const dirty = await git("status", "--porcelain", "--", ...SOURCE_DIRS);
    return { sha: dirty === "" ? sha : `${sha}-dirty`, built };
  } catch {
    return { sha: "source", built: "" };
  }
}

/** Bundles `entry` (below `root`) into the file `output`. */
export async function bundleEntry(
  entry: string,
  options: { root: string; output: string; info: BuildInfo },
): Promise<void> {
  const { root, output, info } = options;
  await run(
    [
      Deno.execPath(),
      "bundle",
      "--quiet",
      "--platform",
      "deno",
      // The debug door of the daemons, with a YAML parser that no node needs.
      "--external",
      "./debug.ts",
      "--output",
      output,
      entry,
    ],
    { cwd: root, env: { NO_COLOR: "1" } },
  );
  const text = await Deno.readTextFile(output);
  // services/lib/version.ts looks for it; a first line with `#!` stays first.
  const define = `const TALOS_BUILD = ${JSON.stringify(info)};\n`;
  const [shebang = ""] = /^#!.*\n/.exec(text) ?? [];
  await Deno.writeTextFile(
    output,
    shebang + define + text.slice(shebang.length),
  );
}

/** Folders whose files end up in bundles, and what else decides them. */
const SOURCE_DIRS = ["services", "core-wasm", "proto/gen", "rootfs"];
const SOURCE_FILES = ["deno.json", "deno.lock"];
const SOURCE = /(?<!_(test|bench))\.(ts|json|wasm)$/;

async function sourceFiles(root: string): Promise<string[]> {
  const files = [...SOURCE_FILES];
  const visit = async (directory: string) => {
    for await (const entry of Deno.readDir(join(root, directory))) {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory) await visit(path);
      else if (SOURCE.test(entry.name)) files.push(path);
    }
  };
  for (const directory of SOURCE_DIRS) {
    await visit(directory).catch((thrown) => {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    });
  }
  return files.sort();
}

/** A digest of everything that any bundle or the image's list is made of. */
export async function sourcesDigest(root: string): Promise<string> {
  const hash = createHash("sha256");
  hash.update(Deno.version.deno);
  for (const path of await sourceFiles(root)) {
    const bytes = await Deno.readFile(join(root, path));
    hash.update(`\n${path} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}
