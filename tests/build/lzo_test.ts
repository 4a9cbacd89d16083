/** LZO1X against lzop: what liblzo2 writes comes back. */
import { loadCore } from "#core-wasm/mod.ts";
import { assert, assertEquals } from "@std/assert";
import { ensureTools, TEST_TOOLS } from "../../rootfs/components/tools.ts";

/** Real bytes of many kinds: the program that runs this. */
async function sample(): Promise<Uint8Array> {
  using file = await Deno.open(Deno.execPath());
  const bytes = new Uint8Array(8 << 20);
  await file.seek(16 << 20, Deno.SeekMode.Start);
  for (let have = 0; have < bytes.length;) {
    have += await file.read(bytes.subarray(have)) ?? 0;
  }
  return bytes;
}

/** The blocks of an .lzo file: size out, size in, Adler-32, bytes. */
function* blocksOf(file: Uint8Array) {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const flags = view.getUint32(17);
  // Adler-32 of the data, and nothing else.
  assertEquals(flags & 0x0ff6, 0);
  let at = 33 + 1 + file[33]! + 4;
  while (true) {
    const size = view.getUint32(at);
    if (size === 0) return;
    const packedSize = view.getUint32(at + 4);
    at += 8 + 4 * (flags & 1);
    yield { size, packed: file.subarray(at, at + packedSize) };
    at += packedSize;
  }
}

Deno.test("lzo: what lzop writes, fast and best", async () => {
  await ensureTools(TEST_TOOLS);
  const core = await loadCore();
  const dir = await Deno.makeTempDir();
  try {
    const bytes = await sample();
    await Deno.writeFile(`${dir}/data`, bytes);
    for (const level of ["-1", "-9"]) {
      const { stdout } = await new Deno.Command("lzop", {
        args: [level, "-F", "-c", `${dir}/data`],
      }).output();
      let at = 0;
      let checked = 0;
      for (const { size, packed } of blocksOf(stdout)) {
        if (packed.length < size) {
          const have = core.decompress("lzo", packed, { limit: size });
          const want = core.hash("xxh64", bytes.subarray(at, at + size));
          assertEquals(core.hash("xxh64", have), want, `${level} at ${at}`);
          checked++;
        }
        at += size;
      }
      assertEquals(at, bytes.length);
      assert(checked > 10, `${checked} blocks`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
