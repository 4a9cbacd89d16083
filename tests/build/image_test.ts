/** The image: the same inputs give the same bytes. */
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { run } from "#lib/command.ts";
import { buildImage } from "../../rootfs/build.ts";
import { provideAll } from "../../rootfs/components/mod.ts";
import { BASE, OVERLAY } from "../../rootfs/contents.ts";
import { appendImage, createImage } from "../../rootfs/squash.ts";
import { stage } from "../../rootfs/stage.ts";

async function sha256(path: string): Promise<string> {
  const bytes = await Deno.readFile(path);
  return createHash("sha256").update(bytes).digest("hex");
}

async function inTemp(check: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await check(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The image of a small tree, written in the order of `names`. */
async function smallImage(dir: string, names: readonly string[]) {
  const [base, more] = [join(dir, "base"), join(dir, "more")];
  await Deno.mkdir(join(base, "bin"), { recursive: true });
  await Deno.mkdir(join(more, "etc"), { recursive: true });
  for (const name of names) {
    await Deno.writeTextFile(join(base, "bin", name), name.repeat(50_000));
    await Deno.writeTextFile(join(more, "etc", name), name);
  }
  const image = join(dir, "image.sqsh");
  await createImage(image, base);
  await appendImage(image, more);
  return image;
}

Deno.test("time and order of writing leave no trace in an image", () =>
  inTemp(async (dir) => {
    const one = await smallImage(join(dir, "one"), ["a", "b", "c"]);
    // The resolution of squashfs' times.
    const later = Math.floor(Date.now() / 1000) + 5;
    const two = await smallImage(join(dir, "two"), ["c", "a", "b"]);
    await Deno.utime(join(dir, "two", "base", "bin", "a"), later, later);
    await createImage(join(dir, "again.sqsh"), join(dir, "two", "base"));
    await appendImage(join(dir, "again.sqsh"), join(dir, "two", "more"));
    assertEquals(await sha256(two), await sha256(one));
    assertEquals(await sha256(join(dir, "again.sqsh")), await sha256(one));
    const listing = await run(["unsquashfs", "-lln", one]);
    const lines = listing.trim().split("\n").map((line) => line.split(/\s+/));
    assertEquals(new Set(lines.map((fields) => fields[1])), new Set(["0/0"]));
    assertEquals(new Set(lines.map((f) => f[3])), new Set(["1970-01-01"]));
  }));

Deno.test("two builds of the root file system are equal", () =>
  inTemp(async (dir) => {
    const parts = await provideAll();
    const bundle = join(dir, "bundle.js");
    await Deno.writeTextFile(bundle, "// The same in both builds.\n");
    const bundles = new Map<string, string>();
    for (const entry of OVERLAY) {
      if (entry.kind === "file" && "bundle" in entry.source) {
        bundles.set(entry.source.bundle, bundle);
      }
    }
    for (const name of ["one", "two"]) {
      const output = join(dir, `${name}.sqsh`);
      await buildImage(output, parts, { overlay: OVERLAY, bundles });
    }
    const digest = await sha256(join(dir, "one.sqsh"));
    assertEquals(await sha256(join(dir, "two.sqsh")), digest);
  }));

// A minute and a half of processor time.
if (Deno.env.get("TALOS_TEST_FULL") === "1") {
  Deno.test("two compressions of the base are equal", () =>
    inTemp(async (dir) => {
      const parts = await provideAll();
      const digests: string[] = [];
      for (const name of ["one", "two"]) {
        const tree = join(dir, name);
        await Deno.mkdir(tree);
        await stage(BASE, tree, { parts, bundle: () => "" });
        await createImage(join(dir, `${name}.sqsh`), tree);
        digests.push(await sha256(join(dir, `${name}.sqsh`)));
      }
      assertEquals(digests[1], digests[0]);
    }));
}
