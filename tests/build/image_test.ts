/** The image: the same inputs give the same bytes, and other bytes are refused. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { run } from "#lib/command.ts";
import { inTemp } from "#tests/in_temp.ts";
import { messageOf } from "#lib/errors.ts";
import { imagePaths } from "#lib/image/files.ts";
import { exportKey, generateKey } from "#lib/pki/keys.ts";
import { BUILT, copyImage, flipByte } from "#tests/built_image.ts";
import {
  listImage,
  readImage,
} from "../../services/machined/inspect/image_files.ts";
import { checkImage } from "../../services/talosctl/provision/image.ts";
import { ProvisionError } from "../../services/talosctl/provision/provision.ts";
import { build, buildImage, ROOT } from "../../rootfs/build.ts";
import { provideAll } from "../../rootfs/components/mod.ts";
import { BASE, OVERLAY, VERSION } from "../../rootfs/contents.ts";
import { appendImage, createImage } from "../../rootfs/squash.ts";
import { loadSigningKey, provideSigningKey } from "../../rootfs/signing_key.ts";
import { stage } from "../../rootfs/stage.ts";

async function sha256(path: string): Promise<string> {
  const bytes = await Deno.readFile(path);
  return createHash("sha256").update(bytes).digest("hex");
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
    const key = await provideSigningKey();
    const digests: string[][] = [];
    for (const name of ["one", "two"]) {
      const output = join(dir, `${name}.sqsh`);
      await buildImage(output, parts, { overlay: OVERLAY, bundles, key });
      const files = Object.values(imagePaths(output));
      digests.push(await Promise.all(files.map(sha256)));
    }
    assertEquals(digests[1], digests[0]);
  }));

Deno.test("the signing key is made once, for its owner alone", () =>
  inTemp(async (dir) => {
    const [one, two] = await Promise.all([
      provideSigningKey(dir),
      provideSigningKey(dir),
    ]);
    assertEquals(one.id, two.id);
    const path = (await run(["find", dir, "-name", "signing.key"])).trim();
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    assertEquals((await provideSigningKey(dir)).id, one.id);
  }));

Deno.test("what is missing or spoiled is built again, the same", async (t) => {
  const { rootHash } = await build();
  const { signature } = imagePaths(BUILT.image);
  const spoil: Record<string, () => Promise<void>> = {
    "no signature": () => Deno.remove(signature),
    "a wrong byte": async () => {
      // A copy: a cluster may run from this very file.
      const copy = `${BUILT.image}.spoiled`;
      await Deno.copyFile(BUILT.image, copy);
      await flipByte(copy, 4096 * 99);
      await Deno.rename(copy, BUILT.image);
    },
  };
  for (const [name, apply] of Object.entries(spoil)) {
    await t.step(name, async () => {
      await apply();
      assertEquals((await build()).rootHash, rootHash);
      await checkImage(BUILT);
    });
  }
});

Deno.test("the built image verifies", async () => {
  const { version, blocks } = await checkImage(BUILT);
  assertEquals(version, VERSION);
  assertEquals(blocks * 4096, (await Deno.stat(BUILT.image)).size);
});

Deno.test("the built image holds what is listed, and nothing else", async () => {
  const found: string[] = [];
  const visit = async (path: string) => {
    for await (const { name, isDir } of listImage({ path }, BUILT)) {
      found.push(name);
      if (isDir) await visit(name);
    }
  };
  await visit("/");
  const listed = [...BASE, ...OVERLAY].map(({ path }) => path);
  assertEquals(found.sort(), listed.sort());
  const deno = createHash("sha256");
  for await (const { bytes } of readImage({ path: "/bin/deno" }, BUILT)) {
    deno.update(bytes);
  }
  const part = (await provideAll()).deno;
  assertEquals(deno.digest("hex"), await sha256(join(part.dir, "deno")));
});

Deno.test("no byte of a bad block is read", () =>
  inTemp(async (dir) => {
    const copy = await copyImage(dir);
    await flipByte(copy.image, 1 << 20);
    const failed: string[] = [];
    for await (const { name: path } of listImage({ path: "/bin" }, copy)) {
      try {
        await Array.fromAsync(readImage({ path }, copy), () => {});
      } catch (thrown) {
        failed.push(messageOf(thrown));
      }
    }
    assertEquals(failed, [
      "data block 256 does not match its digest at offset 1048576",
    ]);
  }));

/** What is done to the files, and how the refusal names it. */
const SPOILED: [string, (copy: typeof BUILT) => Promise<void>, string][] = [
  [
    "a byte of the first block",
    ({ image }) => flipByte(image, 100),
    "data block 0 at offset 0 is bad; build it again",
  ],
  [
    "a byte of a later block",
    ({ image }) => flipByte(image, 4096 * 1234 + 4095),
    "data block 1234 at offset 5054464 is bad; build it again",
  ],
  [
    "a byte of the top of the tree",
    ({ image }) => flipByte(imagePaths(image).tree, 9),
    "of the hash tree at offset 0 is bad; build it again",
  ],
  [
    "a byte of the manifest",
    ({ image }) => flipByte(imagePaths(image).manifest, 60),
    "not signed by key",
  ],
  [
    "a byte of the signature",
    ({ image }) => flipByte(imagePaths(image).signature, 63),
    "not signed by key",
  ],
  [
    "no signature",
    ({ image }) => Deno.remove(imagePaths(image).signature),
    "there is no signature; build it with",
  ],
  [
    "another's key",
    async ({ keys }) => {
      const { privateKey } = await generateKey("Ed25519");
      const other = await loadSigningKey(await exportKey(privateKey));
      await Deno.writeTextFile(keys, other.publicPem);
    },
    "if you trust whoever signed it, name the public key with --signing-keys",
  ],
  [
    "keys that are none",
    ({ keys }) => Deno.writeTextFile(keys, "none"),
    "the public keys cannot be read: no PEM block",
  ],
  [
    "a block too many",
    async ({ image }) =>
      await Deno.truncate(image, (await Deno.stat(image)).size + 4096),
    "bytes after the image; build it again",
  ],
];

Deno.test("an image that was spoiled is refused, and why", async (t) => {
  for (const [name, spoil, wanted] of SPOILED) {
    await t.step(name, () =>
      inTemp(async (dir) => {
        const copy = await copyImage(dir);
        await spoil(copy);
        const { problem, message } = await assertRejects(
          () => checkImage(copy),
          ProvisionError,
          wanted,
        );
        assertEquals(problem.kind, "image");
        assertStringIncludes(message, `Cannot trust "${copy.image}": `);
      }));
  }
});

// A minute and a half of processor time.
if (Deno.env.get("TALOS_TEST_FULL") === "1") {
  Deno.test("two compressions of the base are equal", () =>
    inTemp(async (dir) => {
      const parts = await provideAll();
      const digests: string[] = [];
      for (const name of ["one", "two"]) {
        const tree = join(dir, name);
        await Deno.mkdir(tree);
        await stage(BASE, tree, { parts, root: ROOT, bundle: () => "" });
        await createImage(join(dir, `${name}.sqsh`), tree);
        digests.push(await sha256(join(dir, `${name}.sqsh`)));
      }
      assertEquals(digests[1], digests[0]);
    }));
}
