/** The cache of parts: once, whole, and not by two at a time. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { digestOf, provide, type Recipe } from "./cache.ts";

async function inCache(check: (cache: string) => Promise<void>) {
  const cache = await Deno.makeTempDir();
  try {
    await check(cache);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

function counting(inputs: unknown): Recipe & { builds: number } {
  const recipe = {
    name: "part",
    what: "for a test",
    inputs,
    builds: 0,
    async build(into: string) {
      recipe.builds++;
      await Deno.writeTextFile(`${into}/file`, JSON.stringify(inputs));
    },
  };
  return recipe;
}

Deno.test("provide builds once for the same inputs", () =>
  inCache(async (cache) => {
    const recipe = counting({ version: 1 });
    const [one, two] = await Promise.all([
      provide(recipe, cache),
      provide(recipe, cache),
    ]);
    assertEquals(one, two);
    assertEquals(await provide(recipe, cache), one);
    assertEquals(recipe.builds, 1);
    assertEquals(await Deno.readTextFile(`${one.dir}/file`), '{"version":1}');
    const other = await provide(counting({ version: 2 }), cache);
    assert(other.dir !== one.dir);
  }));

Deno.test("provide leaves nothing of a build that failed or died", () =>
  inCache(async (cache) => {
    await Deno.mkdir(`${cache}/.partial-part-1`, { recursive: true });
    const recipe = counting(1);
    const broken = { ...recipe, build: () => Promise.reject(new Error("no")) };
    await assertRejects(() => provide(broken, cache), Error, "no");
    const names = await Array.fromAsync(Deno.readDir(cache));
    assertEquals(names.map((entry) => entry.name), ["locks"]);
  }));

Deno.test("digestOf does not see the order of keys", () => {
  assertEquals(digestOf({ a: 1, b: [2, 1] }), digestOf({ b: [2, 1], a: 1 }));
  assert(digestOf([1, 2]) !== digestOf([2, 1]));
});
