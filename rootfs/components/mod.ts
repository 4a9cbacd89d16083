/**
 * `deno run -A rootfs/components/mod.ts` fetches and builds every part, those
 * of the node and those of the container images; with `node` or `cluster` only
 * these, with `previous` those of the release of Kubernetes that the tests
 * upgrade from. The functions do it for the images and the tests.
 */
import { type Part, provide, type Recipe } from "./cache.ts";
import {
  CLUSTER_PARTS,
  type ClusterPartName,
  PREVIOUS_PARTS,
} from "./cluster_parts.ts";
import { type PartName, PARTS } from "./parts.ts";
import { say } from "./progress.ts";
import { BUILD_TOOLS, ensureTools } from "./tools.ts";

/** All of it took longer than this: something was built. */
const BUILT_MS = 2_000;

async function provideTable<Name extends string>(
  what: string,
  table: Readonly<Record<Name, Recipe>>,
): Promise<Record<Name, Part>> {
  const started = performance.now();
  const parts = {} as Record<Name, Part>;
  // One after another: each build uses all cores by itself.
  for (const [name, recipe] of Object.entries<Recipe>(table)) {
    parts[name as Name] = await provide(recipe);
  }
  const took = performance.now() - started;
  if (took > BUILT_MS) {
    say(`${what.padEnd(12)} all parts, ${(took / 1000).toFixed(1)} s`);
  }
  return parts;
}

/** The parts of a node, each in its directory of the cache. */
export function provideAll(): Promise<Record<PartName, Part>> {
  return provideTable("node", PARTS);
}

/** The parts of the container images; cold, some twenty minutes. */
function provideCluster(): Promise<Record<ClusterPartName, Part>> {
  return provideTable("cluster", CLUSTER_PARTS);
}

if (import.meta.main) {
  await ensureTools(BUILD_TOOLS);
  const [only] = Deno.args;
  const parts: Record<string, Part> = only === "previous"
    ? await provideTable("previous", PREVIOUS_PARTS)
    : {
      ...only !== "cluster" && await provideAll(),
      ...only !== "node" && await provideCluster(),
    };
  for (const [name, part] of Object.entries(parts)) {
    say(`${name.padEnd(24)} ${part.dir}`);
  }
}
