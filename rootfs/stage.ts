/** Writes entries into a directory, from which mksquashfs reads them. */
import { join } from "@std/path";
import type { Part } from "./components/cache.ts";
import type { PartName } from "./components/parts.ts";
import type { Entry, Source } from "./entries.ts";
import { writeModuleCache } from "./module_cache.ts";

/** Where the bytes are that an entry names. */
export interface Sources<P extends string = PartName> {
  readonly parts: Readonly<Record<P, Part>>;
  /** The top of the checkout. */
  readonly root: string;
  /** The path of the bundle of an entry point. */
  bundle(entry: string): string;
}

async function joinFiles(directory: string): Promise<string> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) names.push(entry.name);
  const texts = await Promise.all(
    names.sort().map((name) => Deno.readTextFile(join(directory, name))),
  );
  return texts.map((text) => text.trimEnd() + "\n").join("");
}

async function write<P extends string>(
  source: Source<P>,
  { to, into, sources }: { to: string; into: string; sources: Sources<P> },
) {
  if ("text" in source) return await Deno.writeTextFile(to, source.text);
  if ("bundle" in source) {
    return await Deno.copyFile(sources.bundle(source.bundle), to);
  }
  if ("moduleCache" in source) {
    const { moduleCache } = source;
    return await writeModuleCache(join(into, moduleCache), moduleCache, to);
  }
  if ("checkout" in source) {
    return await Deno.copyFile(join(sources.root, source.checkout), to);
  }
  const { dir } = sources.parts[source.part];
  if ("joined" in source) {
    return await Deno.writeTextFile(
      to,
      await joinFiles(join(dir, source.joined)),
    );
  }
  await Deno.copyFile(join(dir, source.path), to);
}

/** One line of the table of contents. */
export interface Staged {
  readonly entry: Entry<string>;
  /** Of a file; 0 of anything else. */
  readonly sizeBytes: number;
}

/** Writes `entries` into the empty directory `into`. */
export async function stage<P extends string>(
  entries: readonly Entry<P>[],
  into: string,
  sources: Sources<P>,
): Promise<Staged[]> {
  const staged: Staged[] = [];
  for (const entry of entries) {
    const to = join(into, entry.path);
    if (entry.kind === "symlink") {
      await Deno.symlink(entry.target, to);
      staged.push({ entry, sizeBytes: 0 });
      continue;
    }
    if (entry.kind === "dir") await Deno.mkdir(to);
    else await write(entry.source, { to, into, sources });
    // Explicitly: mkdir and copy know the umask and the mode of the source.
    await Deno.chmod(to, entry.mode);
    const { size } = await Deno.stat(to);
    staged.push({ entry, sizeBytes: entry.kind === "file" ? size : 0 });
  }
  return staged;
}
