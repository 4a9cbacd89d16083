/** Zstandard against its own program: every level, and its options. */
import { loadCore } from "#core-wasm/mod.ts";
import { sample } from "../../core-wasm/codec_samples.ts";
import { run } from "#lib/command.ts";
import { assertEquals } from "@std/assert";
import { ensureTools, TEST_TOOLS } from "../../rootfs/components/tools.ts";

/** Real bytes: a part of the program that runs this. */
async function real(size: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(Deno.execPath());
  const bytes = new Uint8Array(size);
  await file.seek(32 << 20, Deno.SeekMode.Start);
  for (let have = 0; have < size;) {
    have += await file.read(bytes.subarray(have)) ?? 0;
  }
  return bytes;
}

/** Arguments of zstd: levels, and by turns what they are combined with. */
function* options(): Generator<string[]> {
  const more = [["--check"], ["--no-check"], ["--no-content-size"], [
    ...["--check", "--no-content-size"],
  ]];
  const levels = Array.from({ length: 19 }, (_, i) => `-${i + 1}`);
  const fast = [1, 5, 50].map((n) => `--fast=${n}`);
  for (const [n, level] of [...levels, ...fast].entries()) {
    yield [level, ...more[n % more.length]!];
  }
  yield ["--ultra", "-22", "--check"];
  yield ["--ultra", "-22", "--long=27", "--no-check"];
}

Deno.test("zstd: what zstd writes, all levels", async () => {
  await ensureTools(TEST_TOOLS);
  const core = await loadCore();
  const dir = await Deno.makeTempDir();
  try {
    const files: [string, Uint8Array<ArrayBuffer>][] = [
      ["nothing", new Uint8Array(0)],
      ["one", Uint8Array.of(65)],
      ["zeros", new Uint8Array(1 << 20)],
      ["runs", sample(1, 1 << 20)],
      ["words", sample(3, 200_000)],
      ["noise", sample(0, 150_000)],
      ["real", await real(1 << 20)],
    ];
    const paths = files.map(([name]) => `${dir}/${name}`);
    for (const [i, [, bytes]] of files.entries()) {
      await Deno.writeFile(paths[i]!, bytes);
    }
    for (const args of options()) {
      await run(["zstd", "-q", "-f", "-T1", ...args, ...paths]);
      for (const [name, bytes] of files) {
        const packed = await Deno.readFile(`${dir}/${name}.zst`);
        const limit = bytes.length;
        const have = core.decompress("zstd", packed, { limit });
        const what = `${args.join(" ")} ${name}`;
        assertEquals(have.length, limit, what);
        const want = core.hash("xxh64", bytes);
        assertEquals(core.hash("xxh64", have), want, what);
      }
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
