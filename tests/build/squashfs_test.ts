/**
 * The readers of SquashFS against squashfs-tools and squashfs-tools-ng, on
 * images with all options: the same listing, the same metadata, the same bytes.
 */
import {
  type ByteSource,
  FileSource,
  loadCore,
  openSquashfs,
  type SquashfsReader,
} from "#core-wasm/mod.ts";
import { openReferenceSquashfs, Reference } from "#core-wasm/reference/mod.ts";
import { run } from "#lib/command.ts";
import { checkReader } from "#tests/mksquashfs/check_reader.ts";
import { type Case, caseOf, makeImage } from "#tests/mksquashfs/makers.ts";
import {
  rdsquashfs,
  type ToldXattrs,
  unsquashfs,
} from "#tests/mksquashfs/told.ts";
import { dice, type TreeNode } from "#tests/mksquashfs/tree.ts";
import { assertEquals } from "@std/assert";
import { ensureTools, TEST_TOOLS } from "../../rootfs/components/tools.ts";

const CASES = Deno.env.get("TALOS_TEST_FULL") === "1" ? 320 : 36;
/** The reference reads what is not larger, decompressed. */
const REFERENCE_BYTES_MAX = 400_000;
/** And as many files as this. */
const REFERENCE_FILES_MAX = 200;

const core = await loadCore();
const READERS: Readonly<
  Record<string, (source: ByteSource) => Promise<SquashfsReader>>
> = {
  wasm: (source) => openSquashfs(core, source),
  reference: (source) => openReferenceSquashfs(new Reference(), source),
};

function sizeOf(tree: readonly TreeNode[]): number {
  return tree.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
}

/** The attributes that were put in. */
function xattrsOf({ tree, bare }: Case): ToldXattrs {
  const nodes = new Map(tree.map((node) => [node.path, node]));
  return new Map(
    tree.filter(() => !bare).map(({ path, linkTo }) => {
      const { xattrs } = nodes.get(linkTo ?? path)!;
      const values = [...xattrs ?? []].map(
        ([name, value]): [string, string] => [name, value.toHex()],
      );
      return [path, new Map(values)];
    }),
  );
}

async function compare(dir: string, one: Case): Promise<void> {
  const image = await makeImage(dir, one);
  const { tree } = one;
  // Not the bytes that were put in: mksquashfs 4.5.1 loses a race now and then
  // and writes zeros for the end of a file.
  const expected = {
    told: await unsquashfs(image, dir),
    described: await rdsquashfs(image),
    xattrs: xattrsOf(one),
  };
  await using source = await FileSource.open(image);
  const small = tree.length <= REFERENCE_FILES_MAX &&
    sizeOf(tree) <= REFERENCE_BYTES_MAX;
  for (const [name, open] of Object.entries(READERS)) {
    if (name === "reference" && !small) continue;
    const reader = await open(source);
    assertEquals(reader.info.blockSize, one.blockSize, name);
    await checkReader(reader, expected);
  }
}

async function inTempDir(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test(`squashfs: ${CASES} images are what the tools say`, async (t) => {
  await ensureTools(TEST_TOOLS);
  for (let n = 0; n < CASES; n++) {
    const one = caseOf(n, dice(n + 1));
    const { maker, options, tree } = one;
    const name = `${n}: ${maker} ${options.join(" ")}, ${tree.length} files`;
    await t.step(name, () => inTempDir((dir) => compare(dir, one)));
  }
});

const GIB = 2 ** 30;

Deno.test("squashfs: a file of more than 4 GiB", async (t) => {
  await ensureTools(TEST_TOOLS);
  await inTempDir(async (dir) => {
    await Deno.mkdir(`${dir}/source`);
    const marks = [0, 2 * GIB - 3, 4 * GIB - 2, 4 * GIB + 70_000, 5 * GIB];
    const mark = new TextEncoder().encode("mark");
    {
      using file = await Deno.create(`${dir}/source/file`);
      for (const at of marks) {
        await file.seek(at, Deno.SeekMode.Start);
        await file.write(mark);
      }
    }
    const flags = ["-b", "1M", "-comp", "lz4", "-quiet", "-no-progress"];
    await run(["mksquashfs", `${dir}/source`, `${dir}/image`, ...flags]);
    await using source = await FileSource.open(`${dir}/image`);
    for (const [name, open] of Object.entries(READERS)) {
      await t.step(name, async () => {
        const reader = await open(source);
        const { sizeBytes } = await reader.stat("file");
        assertEquals(sizeBytes, 5 * GIB + 4);
        for (const at of marks) {
          const range = { offset: at - 4, length: 12 };
          const have = await reader.read("file", {
            ...range,
            offset: Math.max(0, range.offset),
          });
          const want = new Uint8Array(at === 0 ? 12 : at === 5 * GIB ? 8 : 12);
          want.set(mark, at === 0 ? 0 : 4);
          assertEquals(have, want, `${at}`);
        }
      });
    }
  });
});

/** Path, and where it leads when links are followed. */
const LINKS: readonly (readonly [string, string])[] = [
  ["dir/up", "file:root"],
  ["absolute", "file:dir"],
  ["chain", "file:root"],
  ["to-dir/file", "file:dir"],
  ["to-dir/../file", "file:root"],
  ["beyond", "file:root"],
  ["dangling", "notFound"],
  ["loop", "loop"],
  ["through/file", "notDirectory"],
  ["dir/../dir/./file", "file:dir"],
  ["dir//file", "file:dir"],
];

Deno.test("squashfs: links are followed inside of the image", async (t) => {
  await ensureTools(TEST_TOOLS);
  await inTempDir(async (dir) => {
    await Deno.mkdir(`${dir}/source/dir`, { recursive: true });
    const links = {
      "dir/up": "../file",
      absolute: "/dir/file",
      chain: "to-dir/up",
      "to-dir": "./dir/",
      beyond: "../../../file",
      dangling: "dir/gone",
      loop: "loop",
      through: "file",
    };
    await Deno.writeTextFile(`${dir}/source/file`, "root");
    await Deno.writeTextFile(`${dir}/source/dir/file`, "dir");
    for (const [path, target] of Object.entries(links)) {
      await Deno.symlink(target, `${dir}/source/${path}`);
    }
    const flags = ["-quiet", "-no-progress"];
    await run(["mksquashfs", `${dir}/source`, `${dir}/image`, ...flags]);
    await using source = await FileSource.open(`${dir}/image`);
    for (const [name, open] of Object.entries(READERS)) {
      const reader = await open(source);
      for (const [path, want] of LINKS) {
        await t.step(`${name}: ${path}`, async () => {
          const range = { offset: 0, length: 100 };
          const have = await reader.read(path, range, { follow: true }).then(
            (bytes) => `file:${new TextDecoder().decode(bytes)}`,
            (thrown) => thrown.kind,
          );
          assertEquals(have, want);
        });
      }
    }
  });
});
