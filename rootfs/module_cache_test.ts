/** The analysis of bundles in the image: same bytes, and Deno believes it. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { writeModuleCache } from "./module_cache.ts";

const MODULE = `import { join } from "node:path";
export const answer = join("4", "2");
`;

Deno.test("the module cache is reproducible, and Deno believes it", async () => {
  const dir = await Deno.makeTempDir();
  const denoDir = join(dir, "deno");
  await Deno.mkdir(denoDir);
  await Deno.writeTextFile(join(dir, "b.js"), MODULE);
  await Deno.writeTextFile(join(dir, "a.js"), "export {};");
  const [first, second] = [
    join(denoDir, "dep_analysis_cache_v2"),
    join(dir, "again"),
  ];
  await writeModuleCache(dir, dir, first);
  await writeModuleCache(dir, dir, second);
  const digests = await Promise.all(
    [first, second].map(async (path) =>
      encodeHex(
        await crypto.subtle.digest("SHA-256", await Deno.readFile(path)),
      )
    ),
  );
  assertEquals(digests[0], digests[1]);
  assertEquals(await importsOf(join(dir, "b.js"), denoDir), ["node:path"]);
  // A lie in it shows that it is read, and that the module is not parsed.
  using database = new DatabaseSync(first);
  database.exec("UPDATE moduleinfocache SET module_info = '{}'");
  database.close();
  assertEquals(await importsOf(join(dir, "b.js"), denoDir), []);
  await Deno.remove(dir, { recursive: true });
});

const encodeHex = (bytes: ArrayBuffer) => new Uint8Array(bytes).toHex();

/** What Deno thinks that a module imports. */
async function importsOf(path: string, denoDir: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-config", "--no-lock", path],
    env: { DENO_DIR: denoDir },
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  const module = modules.find((one: { specifier: string }) =>
    one.specifier === `file://${path}`
  );
  return (module.dependencies ?? []).map((one: { specifier: string }) =>
    one.specifier
  );
}
