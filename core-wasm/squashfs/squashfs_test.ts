/** The reader on small images of mksquashfs, whole and damaged. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  bufferSource,
  CoreError,
  loadCore,
  openSquashfs,
  type SquashfsPathError,
  type SquashfsReader,
} from "../mod.ts";
import { decodeName, encodeName } from "./names.ts";

const FIXTURES = new URL("../../tests/fixtures/squashfs/", import.meta.url);
const IMAGES = ["gzip", "lzo", "lz4", "xz", "zstd", "plain", "bare"];
const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const core = await loadCore();

function fixture(name: string): Uint8Array {
  return Deno.readFileSync(new URL(`${name}.sqfs`, FIXTURES));
}

async function open(bytes: Uint8Array, options = {}) {
  return await openSquashfs(core, bufferSource(bytes), options);
}

const text = new TextDecoder();
const HOLES = "b".repeat(5000) + "\0".repeat(8192) + "end";

/** Path, type, mode, owner, links, size. */
const TREE = `
 directory 755 0:0 4 0
\udcff\u00e9 file 644 0:0 1 0
absolute symlink 777 0:0 1 4 -> /dir
block blockDevice 644 0:0 1 0 259/70000
char charDevice 644 0:0 1 0 5/1
dir directory 755 0:0 3 0
dir/again file 4755 0:0 2 6
dir/deeper directory 755 0:0 2 0
dir/deeper/link symlink 777 0:0 1 8 -> ../hello
dir/hello file 4755 0:0 2 6
dir/holes file 644 0:0 1 13195
dir/nothing file 644 0:0 1 0
dir/tail file 644 7:8 1 9000
empty directory 755 0:0 2 0
fifo fifo 644 0:0 1 0
loop symlink 777 0:0 1 4 -> loop
socket socket 755 0:0 1 0`.slice(1).split("\n");

async function listing(fs: SquashfsReader): Promise<string[]> {
  const lines = [];
  for await (const { path, stat } of fs.walk()) {
    const { type, mode, uid, gid, linkCount, sizeBytes, device, target } = stat;
    assertEquals(stat.mtimeSeconds, 1_700_000_000, path);
    lines.push(
      `${path} ${type} ${mode.toString(8)} ${uid}:${gid} ${linkCount} ` +
        sizeBytes + (device ? ` ${device.major}/${device.minor}` : "") +
        (target ? ` -> ${target}` : ""),
    );
  }
  return lines;
}

Deno.test("squashfs: the tree of every compression", async (t) => {
  for (const name of IMAGES) {
    await t.step(name, async () => {
      const fs = await open(fixture(name));
      assertEquals((await listing(fs)).toSorted(), TREE.toSorted());
      const all = { offset: 0, length: 100_000 };
      const { sizeBytes, sparseBytes } = await fs.stat("dir/holes");
      assertEquals(text.decode(await fs.read("/dir/holes", all)), HOLES);
      assertEquals(sizeBytes, HOLES.length);
      // mksquashfs counts holes only where the file system had some, too.
      assertEquals(sparseBytes, 0);
      for (const offset of [0, 1, 4095, 4096, 5000, 13_190, 13_195, 14_000]) {
        for (const length of [0, 1, 4096, 9000]) {
          const have = await fs.read("dir/holes", { offset, length });
          const want = HOLES.slice(offset, offset + length);
          assertEquals(text.decode(have), want, `${length} from ${offset}`);
        }
      }
      let streamed = "";
      for await (const bytes of fs.stream("dir/tail")) {
        streamed += text.decode(bytes);
      }
      assertEquals(streamed, "a".repeat(9000));
    });
  }
});

Deno.test("squashfs: pieces are what a walk and a stream are", async () => {
  const fs = await open(fixture("gzip"), { dataCacheBytes: 0 });
  const files = new Map<string, string>();
  for await (const { path, offset, bytes } of fs.pieces()) {
    const before = files.get(path) ?? "";
    assertEquals(before.length, offset);
    files.set(path, before + text.decode(bytes));
  }
  assertEquals(files.size, TREE.length);
  assertEquals(files.get("dir/holes"), HOLES);
  assertEquals(files.get("dir/again"), "hello\n");
});

Deno.test("squashfs: paths and links", async () => {
  const fs = await open(fixture("gzip"));
  const follow = { follow: true };
  const hello = await fs.stat("dir/hello");
  for (
    const path of [
      "dir/deeper/link",
      "absolute/hello",
      "/dir//./deeper/../again",
      "../dir/hello",
      "absolute/deeper/link",
    ]
  ) assertEquals(await fs.stat(path, follow), hello, path);
  assertEquals((await fs.stat("")).type, "directory");
  assertEquals((await fs.stat("dir/")).type, "directory");
  assertEquals(await fs.inode(hello.ino), hello);
  const problems: [string, object, SquashfsPathError["kind"]][] = [
    ["dir/missing", {}, "notFound"],
    ["x".repeat(257), {}, "notFound"],
    ["dir/hello/x", {}, "notDirectory"],
    ["dir/hello/", {}, "notDirectory"],
    ["absolute/hello", {}, "notDirectory"],
    ["loop", follow, "loop"],
  ];
  for (const [path, options, kind] of problems) {
    const error = await assertRejects(() => fs.stat(path, options));
    assertEquals((error as SquashfsPathError).kind, kind, path);
    if (kind === "loop") continue;
    assertEquals(await fs.lookup(path, options), undefined);
  }
  const range = { offset: 0, length: 1 };
  await assertRejects(() => fs.read("dir", range), Error, "notFile");
  await assertRejects(() => fs.readdir("fifo").next(), Error, "notDirectory");
  await assertRejects(() => fs.inode(0), CoreError, "no inode 0");
  const bare = await open(fixture("bare"));
  await assertRejects(() => bare.inode(1), CoreError, "no export table");
});

Deno.test("squashfs: extended attributes", async () => {
  const fs = await open(fixture("gzip"));
  const of = async (path: string) =>
    [...await fs.xattrs(path)].map(([name, value]) => [name, value.length]);
  assertEquals(await of("dir/hello"), [["user.comment", 2]]);
  assertEquals(await of("dir/tail"), [["user.shared", 600]]);
  assertEquals((await of("dir")).toSorted(), [
    ["trusted.none", 0],
    ["user.shared", 600],
  ]);
  assertEquals(await of("fifo"), []);
  const bare = await open(fixture("bare"));
  assertEquals(bare.info.hasXattrs, false);
  assertEquals((await bare.xattrs("dir")).size, 0);
});

Deno.test("squashfs: a large directory is looked up by its index", async () => {
  const bytes = fixture("index");
  const fs = await open(bytes);
  const names: string[] = [];
  for await (const { name } of fs.readdir("d")) names.push(name);
  assertEquals(names.length, 900);
  assertEquals(names, names.toSorted());
  for (const name of names) assert(await fs.lookup(`d/${name}`), name);
  for (const n of ["", "0", "1000x", "1899x", "z"]) {
    assertEquals(await fs.lookup(`d/a-name-that-is-long-${n}`), undefined);
  }
  // With an impossible first block of the listing the last name is found.
  const view = new DataView(bytes.buffer);
  bytes.fill(0xff, view.getUint32(72, true) + 2, view.getUint32(72, true) + 9);
  const broken = await open(bytes);
  assert(await broken.lookup(`d/${names.at(-1)}`));
  await assertRejects(() => broken.stat(`d/${names[0]}`), CoreError);
});

/** All that can be asked of an image. */
async function everything(bytes: Uint8Array): Promise<string> {
  const fs = await open(bytes);
  for await (const { path, stat } of fs.pieces()) {
    await fs.xattrs(path);
    await fs.stat(path);
    if (fs.info.exportable) await fs.inode(stat.ino);
  }
  return (await listing(fs)).join();
}

Deno.test("squashfs: every byte of the records changed is well or refused", async () => {
  const good = fixture("plain");
  const whole = await everything(good);
  const view = new DataView(good.buffer);
  const inodes = view.getUint32(64, true);
  const kinds = new Set<string>();
  for (let at = 0; at < good.length; at++) {
    // The superblock, and all after the data: nothing of it is compressed.
    if (at === 96) at = inodes;
    const values = [good[at]! ^ 0x80, 0xff, 0, 1, 0x7f, 0xfe];
    for (const value of values.slice(0, FULL ? 6 : 2)) {
      const bytes = good.slice();
      bytes[at] = value;
      try {
        kinds.add(await everything(bytes) === whole ? "same" : "other");
      } catch (thrown) {
        const { name } = thrown as Error;
        if (!(thrown instanceof CoreError)) {
          // A changed time is another tree; anything else is our fault.
          assert(name === "AssertionError", `${name} at ${at}, ${value}`);
          continue;
        }
        kinds.add(thrown.kind);
        assert(thrown.offset >= 0 && thrown.offset <= good.length);
      }
    }
  }
  assertEquals([...kinds].toSorted(), [
    ...["badMagic", "corrupt", "limit", "other", "outOfBounds", "same"],
    "unsupported",
  ]);
});

Deno.test("squashfs: calls overlap, with caches and without", async () => {
  for (const bytes of [0, 5000, 1 << 20]) {
    const fs = await open(fixture("gzip"), {
      dataCacheBytes: bytes,
      metadataCacheBytes: bytes,
    });
    const other = await open(fixture("index"));
    const all = { offset: 0, length: 100_000 };
    const results = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        if (i % 4 === 0) return (await other.stat("d")).type;
        if (i % 4 === 1) return (await listing(fs)).length;
        const path = i % 4 === 2 ? "dir/holes" : "dir/tail";
        return (await fs.read(path, all)).length;
      }),
    );
    const want = ["directory", TREE.length, HOLES.length, 9000];
    assertEquals(results, results.map((_, i) => want[i % 4]!));
  }
});

Deno.test("squashfs: workers give the same, and the same refusals", async () => {
  const all = { offset: 0, length: 100_000 };
  for (const name of IMAGES) {
    const bytes = fixture(name);
    await using fs = await open(bytes, { workers: 2 });
    assertEquals(text.decode(await fs.read("dir/holes", all)), HOLES);
    let size = 0;
    for await (const piece of fs.pieces()) size += piece.bytes.length;
    assertEquals(size, HOLES.length + 9000 + 6 + 6);
  }
  // The zlib header of the first block: "dir/holes".
  const bad = fixture("gzip").fill(0, 96, 98);
  await using fs = await open(bad, { workers: 1 });
  const error = await assertRejects(() => fs.read("dir/holes", all), CoreError);
  assertEquals([error.kind, error.offset], ["corrupt", 96]);
  assertEquals((await fs.read("dir/hello", all)).length, 6);
  await assertRejects(() => open(bad, { workers: 65 }), RangeError);
});

Deno.test("squashfs: names of any bytes come back", () => {
  const cases = [
    "61",
    "ff",
    "c3a9ff",
    "edb080",
    "f09f9880",
    "f09f98",
    "efbbbf61",
  ];
  for (const hex of cases) {
    const bytes = Uint8Array.fromHex(hex);
    assertEquals(encodeName(decodeName(bytes)).toHex(), hex);
  }
});
