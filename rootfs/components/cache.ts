/**
 * The cache of built parts: one directory a part, named by a digest of
 * everything that goes into it. A part is built under a temporary name and
 * renamed, so that a directory that exists is whole; a lock keeps two builds
 * of the same part apart. Nothing is ever built twice for the same inputs.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { say } from "./progress.ts";

/** How one part comes into being. */
export interface Recipe {
  readonly name: string;
  /** For the progress line, for instance `v2.4.2 from Go modules`. */
  readonly what: string;
  /** Plain data: whatever changes the result. */
  readonly inputs: unknown;
  /** Writes the part into the empty directory `into`. */
  build(into: string): Promise<void>;
}

/** A part in the cache. */
export interface Part {
  readonly dir: string;
  readonly digest: string;
}

/** `$TALOS_CACHE`, else `~/.cache/talos`. */
export function cacheDir(): string {
  const named = Deno.env.get("TALOS_CACHE");
  if (named) return named;
  return join(Deno.env.get("HOME") ?? "/root", ".cache", "talos");
}

/** SHA-256 of `value` as canonical JSON: keys sorted, so that order is free. */
export function digestOf(value: unknown): string {
  const canonical = JSON.stringify(value, (_key, inner) => {
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) {
      return inner;
    }
    const sorted = Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1);
    return Object.fromEntries(sorted);
  });
  return createHash("sha256").update(canonical).digest("hex");
}

/** A part that takes longer than this says so before it is done. */
const SLOW_MS = 2_000;

async function isDirectory(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}

/** Removes what builds that died left behind; the caller holds the lock. */
async function sweep(cache: string, prefix: string): Promise<void> {
  for await (const entry of Deno.readDir(cache)) {
    if (entry.name.startsWith(prefix)) {
      await Deno.remove(join(cache, entry.name), { recursive: true });
    }
  }
}

/**
 * The part of `recipe`, from the cache or built now.
 *
 * @throws whatever the build throws; nothing is left in the cache then.
 */
export async function provide(
  recipe: Recipe,
  cache: string = cacheDir(),
): Promise<Part> {
  const digest = digestOf([recipe.name, recipe.inputs]);
  const dir = join(cache, `${recipe.name}-${digest.slice(0, 16)}`);
  if (await isDirectory(dir)) return { dir, digest };
  await Deno.mkdir(join(cache, "locks"), { recursive: true });
  using lock = await Deno.open(join(cache, "locks", recipe.name), {
    create: true,
    write: true,
  });
  await lock.lock(true);
  if (await isDirectory(dir)) return { dir, digest };
  const started = performance.now();
  const partial = `.partial-${recipe.name}-`;
  await sweep(cache, partial);
  const temporary = join(cache, `${partial}${Deno.pid}`);
  await Deno.mkdir(temporary);
  const label = recipe.name.padEnd(12);
  const slow = setTimeout(
    () => say(`${label} ${recipe.what}, working`),
    SLOW_MS,
  );
  try {
    await recipe.build(temporary);
    await Deno.rename(temporary, dir);
  } catch (thrown) {
    await Deno.remove(temporary, { recursive: true });
    throw thrown;
  } finally {
    clearTimeout(slow);
  }
  const seconds = (performance.now() - started) / 1000;
  say(`${label} ${recipe.what}, ${seconds.toFixed(1)} s`);
  return { dir, digest };
}
