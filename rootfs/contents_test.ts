/** The list of the image as a whole. */
import { assertEquals } from "@std/assert";
import { BASE, OVERLAY } from "./contents.ts";
import { checkEntries, dir, text } from "./entries.ts";

Deno.test("the image's list is in order", () => {
  assertEquals(checkEntries([...BASE, ...OVERLAY]), []);
});

Deno.test("base and overlay share no name at the top", () => {
  const tops = (entries: typeof BASE) =>
    new Set(entries.map((entry) => entry.path.split("/")[1]!));
  const base = tops(BASE);
  assertEquals([...tops(OVERLAY)].filter((name) => base.has(name)), []);
});

Deno.test("the image has no shell and no package manager", () => {
  const names = [...BASE, ...OVERLAY].map((e) => e.path.split("/").at(-1)!);
  const unwanted = /^(sh|bash|dash|ash|busybox|apt.*|dpkg.*|npm|node|perl.*)$/;
  assertEquals(names.filter((name) => unwanted.test(name)), []);
});

Deno.test("checkEntries names what cannot be an image", () => {
  assertEquals(
    checkEntries([
      dir("/a"),
      dir("/a"),
      text("/b/c", ""),
      dir("/a/.."),
      dir("x"),
    ]),
    [
      '"/a" is listed twice',
      '"/b/c" comes before its directory',
      '"/a/.." is not a plain absolute path',
      '"x" is not a plain absolute path',
    ],
  );
});
