/**
 * Reading a whole tree out of an image of each compression: the reader with
 * one thread against a mount of the kernel (fresh for every turn, every file
 * through `cat`), with two workers against `unsquashfs -processors 2` to a
 * tmpfs. The images are made once, of what the machine has below /usr.
 */
import { FileSource, loadCore, openSquashfs } from "#core-wasm/mod.ts";
import { run as command } from "#lib/command.ts";
import { exists } from "../../rootfs/exists.ts";
import { ensureTools, TEST_TOOLS } from "../../rootfs/components/tools.ts";
import { type Figure, figure } from "./figure.ts";

/** At least this much is in the tree, in MiB. */
const TREE_MIB = 500;
const PARTS = [
  ...["/usr/bin", "/usr/lib/gcc", "/usr/lib/python3", "/usr/lib/python3.11"],
  ...["/usr/include", "/usr/share", "/usr/lib/x86_64-linux-gnu"],
];
const TURNS = 3;

/** By what `mksquashfs` is told, so that packing does not take forever. */
const COMPRESSIONS: Readonly<Record<string, readonly string[]>> = {
  gzip: [],
  lz4: [],
  zstd: ["-Xcompression-level", "9"],
  lzo: ["-Xcompression-level", "3"],
  xz: [],
};

/** Parts of /usr that are together large enough. */
async function tree(): Promise<string[]> {
  const chosen: string[] = [];
  let size = 0;
  for (const part of PARTS) {
    if (size >= TREE_MIB || !await exists(part)) continue;
    const said = await command(["du", "-sm", part]);
    size += parseInt(said);
    chosen.push(part);
  }
  return chosen;
}

/** The image of a compression; made once on a machine. */
async function image(compression: string): Promise<string> {
  const dir = "/tmp/talos-bench-squashfs";
  await Deno.mkdir(dir, { recursive: true });
  const path = `${dir}/${compression}.sqfs`;
  if (await exists(path)) return path;
  const options = ["-no-progress", "-quiet", "-no-xattrs"];
  await command([
    ...["mksquashfs", ...await tree(), `${path}.new`, "-comp", compression],
    ...[...options, ...COMPRESSIONS[compression]!],
  ]);
  await Deno.rename(`${path}.new`, path);
  return path;
}

/** Bytes of all files. */
async function readAll(path: string, workers?: number): Promise<number> {
  const core = await loadCore();
  await using source = await FileSource.open(path);
  const options = workers === undefined ? {} : { workers };
  await using fs = await openSquashfs(core, source, options);
  let bytes = 0;
  for await (const piece of fs.pieces()) bytes += piece.bytes.length;
  return bytes;
}

/** As `readAll`, by the kernel: a new mount has nothing in its cache. */
async function readMounted(path: string, dir: string): Promise<void> {
  await command(["mount", "-o", "loop,ro", path, dir]);
  try {
    const all = `find ${dir} -type f -print0 | xargs -0 cat > /dev/null`;
    await command(["sh", "-c", all]);
  } finally {
    await command(["umount", dir]);
  }
}

/** Seconds of the fastest of a few turns of each. */
async function fastest(runs: readonly (() => Promise<unknown>)[]) {
  const best = runs.map(() => Infinity);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, run] of runs.entries()) {
      const started = performance.now();
      await run();
      best[i] = Math.min(best[i]!, (performance.now() - started) / 1e3);
    }
  }
  return best as [number, number, number, number];
}

export async function run(print: (figure: Figure) => void): Promise<void> {
  await ensureTools(TEST_TOOLS);
  const dir = await Deno.makeTempDir();
  const out = await Deno.makeTempDir({ dir: "/dev/shm" });
  try {
    for (const compression of Object.keys(COMPRESSIONS)) {
      const path = await image(compression);
      // Also brings the image into the page cache.
      const bytes = await readAll(path);
      const unsquash = [
        ...["unsquashfs", "-processors", "2", "-quiet", "-no-progress", "-f"],
        ...["-d", `${out}/tree`, path],
      ];
      const times = await fastest([
        () => readAll(path),
        () => readAll(path, 2),
        () => readMounted(path, dir),
        () => command(unsquash),
      ]);
      const [one, two, mounted, unsquashed] = times.map((seconds) =>
        bytes / 1e6 / seconds
      ) as typeof times;
      const name = `squashfs ${compression}`;
      const unit = "MB/s";
      const kernel = { name: "kernel mount", value: mounted };
      const tool = { name: "unsquashfs -processors 2", value: unsquashed };
      print(figure({ name: `${name}, 1`, value: one, unit, anchor: kernel }));
      print(figure({ name: `${name}, 2`, value: two, unit, anchor: tool }));
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
    await Deno.remove(out, { recursive: true });
  }
}
