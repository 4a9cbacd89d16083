/** What the real files promise about failures and moves. */
import { assertEquals, assertRejects } from "@std/assert";
import { inTemp } from "#tests/in_temp.ts";
import { realFiles } from "./files.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("files: replaced in pieces, or as it was", async () => {
  await inTemp(async (dir) => {
    const path = `${dir}/snapshot`;
    async function* good() {
      yield await Promise.resolve(bytes("one "));
      yield bytes("two");
    }
    async function* torn() {
      yield* good();
      throw new Error("cut off");
    }
    const left = () => [...Deno.readDirSync(dir)].map(({ name }) => name);
    await assertRejects(() => realFiles.replace(path, torn(), 0o600));
    assertEquals(left(), []);
    await realFiles.replace(path, good(), 0o600);
    assertEquals(await Deno.readTextFile(path), "one two");
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    await assertRejects(() => realFiles.replace(path, torn(), 0o600));
    assertEquals(left(), ["snapshot"]);
    assertEquals(await Deno.readTextFile(path), "one two");
  });
});

Deno.test("files: a directory moves with all in it", async () => {
  await inTemp(async (dir) => {
    await realFiles.mkdir(`${dir}/restored/member/wal`, 0o700);
    await Deno.writeTextFile(`${dir}/restored/member/wal/0`, "log");
    await realFiles.move(`${dir}/restored/member`, `${dir}/member`);
    assertEquals(await Deno.readTextFile(`${dir}/member/wal/0`), "log");
    assertEquals(await realFiles.realPath(`${dir}/restored/member`), undefined);
    await assertRejects(() =>
      realFiles.move(`${dir}/restored/member`, `${dir}/other`)
    );
  });
});
