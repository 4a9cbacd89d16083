/**
 * The program `pause`, which holds the namespaces of a pod: one C file of
 * Kubernetes' own module, compiled as upstream compiles it.
 */
import { join } from "@std/path";
import { VERSIONS } from "#lib/config/images.ts";
import { run } from "#lib/command.ts";
import type { Recipe } from "./cache.ts";
import { moduleDir, readGoFolder } from "./go.ts";

const FLAGS = ["-Os", "-Wall", "-Werror", "-static", "-s"] as const;

/** A part that holds it. */
export async function pauseProgram(): Promise<Recipe> {
  const folder = await readGoFolder("kubernetes");
  const { mod, sum } = folder;
  const flags = [...FLAGS, `-DVERSION=v${VERSIONS.pause}`];
  return {
    name: "pause",
    what: `v${VERSIONS.pause} of Kubernetes`,
    inputs: { kind: "pause", mod, sum, flags },
    async build(into) {
      const dir = await moduleDir(folder, "k8s.io/kubernetes");
      const source = join(dir, "build", "pause", "linux", "pause.c");
      await run(["gcc", ...flags, "-o", join(into, "pause"), source]);
    },
  };
}
