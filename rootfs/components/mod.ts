/**
 * `deno run -A rootfs/components/mod.ts` fetches and builds every part;
 * {@linkcode provideAll} does it for the image and the tests.
 */
import { type Part, provide } from "./cache.ts";
import { type PartName, PARTS } from "./parts.ts";
import { say } from "./progress.ts";
import { BUILD_TOOLS, ensureTools } from "./tools.ts";

/** All parts, each in its directory of the cache. */
export async function provideAll(): Promise<Record<PartName, Part>> {
  const parts = {} as Record<PartName, Part>;
  // One after another: each build uses all cores by itself.
  for (const [name, recipe] of Object.entries(PARTS)) {
    parts[name as PartName] = await provide(recipe);
  }
  return parts;
}

if (import.meta.main) {
  await ensureTools(BUILD_TOOLS);
  for (const [name, part] of Object.entries(await provideAll())) {
    say(`${name.padEnd(12)} ${part.dir}`);
  }
}
