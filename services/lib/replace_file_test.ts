/** Old text or new text, nothing between. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { replaceFile } from "./replace_file.ts";

Deno.test("replace file: new, same, other, and failed", async (t) => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/hosts`;
  const names = () => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
  try {
    await t.step("new", async () => {
      await replaceFile(path, "one\n", { mode: 0o600 });
      assertEquals(await Deno.readTextFile(path), "one\n");
      assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    });
    await t.step("the same text leaves the file as it is", async () => {
      const { ino } = await Deno.stat(path);
      await replaceFile(path, "one\n", { mode: 0o600 });
      assertEquals((await Deno.stat(path)).ino, ino);
    });
    await t.step("the same text with another mode does not", async () => {
      await replaceFile(path, "one\n", { mode: 0o640 });
      assertEquals((await Deno.stat(path)).mode! & 0o777, 0o640);
    });
    await t.step("another, past what a crash left", async () => {
      const old = await Deno.open(path);
      await Deno.writeTextFile(`${path}.new`, "half", { mode: 0o777 });
      await replaceFile(path, "two\n");
      assertEquals(await Deno.readTextFile(path), "two\n");
      assertEquals((await Deno.stat(path)).mode! & 0o777, 0o644);
      // Who had it open still sees the old text.
      assertEquals(await new Response(old.readable).text(), "one\n");
      assertEquals(names(), ["hosts"]);
    });
    await t.step("many at the same moment: one of them, whole", async () => {
      const texts = Array.from({ length: 8 }, (_, n) => `${n}`.repeat(5_000));
      const options = { shared: true, durable: true };
      await Promise.all(texts.map((text) => replaceFile(path, text, options)));
      assert(texts.includes(await Deno.readTextFile(path)));
      assertEquals(names(), ["hosts"]);
    });
    await t.step("a directory in its place", async () => {
      await Deno.mkdir(`${dir}/full/inside`, { recursive: true });
      await assertRejects(() => replaceFile(`${dir}/full`, "x"));
      assert(!names().includes("full.new"));
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
