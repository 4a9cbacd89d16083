/** The list of files: what is on it works, everything else is untouched. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  FileError,
  readShared,
  SHARED_FILES,
  type SharedFile,
  writeShared,
} from "./files.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

async function namesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name).sort();
}

async function withFolder(
  test: (folder: string, files: SharedFile[]) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const files: SharedFile[] = [
    { path: `${folder}/both`, access: "read and write", maxBytes: 16 },
    { path: `${folder}/read`, access: "read", maxBytes: 16 },
  ];
  try {
    await test(folder, files);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the list", () => {
  assertEquals(
    SHARED_FILES.map(({ path, access }) => `${path} ${access}`),
    ["/etc/os-release read", "/system/run/trustd/handover read and write"],
  );
});

Deno.test("a file is written whole, with its mode, and read back", async () => {
  await withFolder(async (folder, files) => {
    const path = `${folder}/both`;
    await writeShared({ path, data: bytes("one"), perm: 0o640 }, files);
    assertEquals(text(await readShared(path, files)), "one");
    assertEquals((await Deno.stat(path)).mode! & 0o7777, 0o640);
    await writeShared({ path, data: bytes("two"), perm: 0o4777 }, files);
    assertEquals(text(await readShared(path, files)), "two");
    assertEquals((await Deno.stat(path)).mode! & 0o7777, 0o666);
    await writeShared({ path, data: bytes(""), perm: 0 }, files);
    assertEquals((await Deno.stat(path)).mode! & 0o7777, 0o600);
    assertEquals(await namesIn(folder), ["both"]);
  });
});

Deno.test("everything else is refused and stays as it is", async (t) => {
  await withFolder(async (folder, files) => {
    await Deno.writeTextFile(`${folder}/read`, "mine");
    await Deno.writeTextFile(`${folder}/other`, "mine");
    const data = bytes("theirs");
    for (
      const path of [
        `${folder}/read`,
        `${folder}/other`,
        `${folder}/./both`,
        `${folder}//both`,
        `${folder}/x/../both`,
        `${folder}/both/`,
        `${folder}/both\0`,
        "both",
        "",
        "x".repeat(100_000),
      ]
    ) {
      await t.step(`write ${path.slice(-12)}`, async () => {
        const write = { path, data, perm: 0o644 };
        await assertRejects(
          () => writeShared(write, files),
          FileError,
          "is not a shared file",
        );
      });
    }
    for (const path of [`${folder}/other`, "/etc/shadow", "", "../read"]) {
      await t.step(`read ${path.slice(-12)}`, async () => {
        await assertRejects(
          () => readShared(path, files),
          FileError,
          "is not a shared file",
        );
      });
    }
    assertEquals(await Deno.readTextFile(`${folder}/read`), "mine");
    assertEquals(await Deno.readTextFile(`${folder}/other`), "mine");
    assertEquals(await namesIn(folder), ["other", "read"]);
  });
});

Deno.test("too much, and what is no file", async (t) => {
  await withFolder(async (folder, files) => {
    const path = `${folder}/both`;
    const refused = (run: () => Promise<unknown>, part: string) =>
      assertRejects(run, FileError, part);
    await t.step("write", async () => {
      const data = new Uint8Array(17);
      await refused(
        () => writeShared({ path, data, perm: 0 }, files),
        "more than 16 bytes",
      );
    });
    await t.step("missing", async () => {
      await refused(() => readShared(path, files), "it is not there");
    });
    await t.step("a link", async () => {
      await Deno.writeTextFile(`${folder}/secret`, "secret");
      await Deno.symlink(`${folder}/secret`, path);
      await refused(() => readShared(path, files), "it is not there");
      const write = { path, data: bytes("new"), perm: 0 };
      await writeShared(write, files);
      assertEquals(await Deno.readTextFile(`${folder}/secret`), "secret");
      assertEquals(text(await readShared(path, files)), "new");
    });
    await t.step("a file that is too long", async () => {
      await Deno.writeTextFile(path, "x".repeat(17));
      await refused(() => readShared(path, files), "at most 16 bytes");
    });
    await t.step("a directory", async () => {
      await Deno.remove(path);
      await Deno.mkdir(path);
      await refused(() => readShared(path, files), "no file");
    });
  });
});
