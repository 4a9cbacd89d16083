/** Files out of npm packages at pinned versions. */
import { join } from "@std/path";
import type { Recipe } from "./cache.ts";
import { run } from "#lib/command.ts";
import { fetchChecked } from "./fetch.ts";

/** One pinned package of the npm registry. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** As the registry and lock files write it. */
  readonly integrity: `sha512-${string}`;
}

/** A part that holds the package's files. */
export function npm(name: string, wanted: NpmPackage): Recipe {
  const base = wanted.name.split("/").at(-1)!;
  const url =
    `https://registry.npmjs.org/${wanted.name}/-/${base}-${wanted.version}.tgz`;
  return {
    name,
    what: `${wanted.version} from npm`,
    inputs: { kind: "npm", wanted },
    async build(into) {
      const bytes = await fetchChecked(url, {
        algorithm: "sha512",
        encoding: "base64",
        value: wanted.integrity.slice("sha512-".length),
      });
      const path = join(into, ".package.tgz");
      await Deno.writeFile(path, bytes);
      await run([
        "tar",
        "-xzf",
        path,
        "-C",
        into,
        "--strip-components=1",
        "--no-same-owner",
      ]);
      await Deno.remove(path);
    },
  };
}
