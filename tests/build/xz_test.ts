/**
 * xz against Debian's: whatever it writes comes back, and what is changed is
 * taken or refused alike.
 */
import { dice, sample } from "#core-wasm/codec_samples.ts";
import { CODEC_BLOCK_MAX, loadCore } from "#core-wasm/mod.ts";
import { assert, assertEquals } from "@std/assert";
import { ensureTools, TEST_TOOLS } from "../../rootfs/components/tools.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const MUTANTS = FULL ? 4_000 : 300;

await ensureTools(TEST_TOOLS);
const core = await loadCore();

/** Real bytes, of the program that runs this: a megabyte of instructions. */
async function instructions(): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(Deno.execPath());
  const bytes = new Uint8Array(CODEC_BLOCK_MAX);
  await file.seek(40 << 20, Deno.SeekMode.Start);
  for (let have = 0; have < bytes.length;) {
    have += await file.read(bytes.subarray(have)) ?? 0;
  }
  return bytes;
}

/** What `xz ARGS` makes of `bytes`; nothing if it fails. */
async function xz(args: string[], bytes: Uint8Array<ArrayBuffer>) {
  const child = new Deno.Command("xz", {
    args: ["-c", "-T1", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  // It ends early when it refuses.
  const fed = new Blob([bytes]).stream().pipeTo(child.stdin).catch(() => {});
  const { success, stdout } = await child.output();
  await fed;
  return success ? stdout : undefined;
}

const X86 = ["--x86", "--lzma2=preset=6"];
const OPTIONS: readonly string[][] = [
  ...Array.from({ length: 10 }, (_, level) => [`-${level}`]),
  ...[["-0e"], ["-6e"], ["-9e"]],
  ...["none", "crc32", "crc64", "sha256"].map((it) => [`--check=${it}`]),
  ...[X86, ["--x86=start=305419896", "--lzma2=preset=1"]],
  ...[["--block-size=4096"], ["--block-size=100000", ...X86]],
  ...["lc=0,lp=0,pb=0", "lc=4,lp=0,pb=4", "lc=0,lp=4,pb=1", "lc=1,lp=3,pb=2"]
    .map((it) => [`--lzma2=${it}`]),
  ...["dict=4KiB", "dict=6KiB", "dict=64KiB", "dict=1536MiB,mf=hc3,mode=fast"]
    .map((it) => [`--lzma2=${it}`]),
];

/** Where positions, chunks and the last bytes of the filter begin to differ. */
const SIZES = [0, 1, 4, 5, 6, 9, 4_097, 65_537, 200_000, CODEC_BLOCK_MAX];

Deno.test("xz: what Debian's xz writes, with all its options", async () => {
  const code = await instructions();
  let checked = 0;
  for (const args of OPTIONS) {
    const few = [checked % 8, 65_537, ...args === X86 ? [CODEC_BLOCK_MAX] : []];
    for (const size of FULL ? SIZES : few) {
      for (const kind of [-1, 0, 3]) {
        const bytes = kind < 0 ? code.slice(0, size) : sample(kind, size);
        const packed = await xz(args, bytes);
        assert(packed, `xz ${args.join(" ")}`);
        // Noise becomes more, and does not fit.
        if (packed.length > CODEC_BLOCK_MAX) continue;
        const name = `${args.join(" ")}, ${size} of ${kind}`;
        const have = core.decompress("xz", packed, { limit: bytes.length });
        assertEquals(have.length, bytes.length, name);
        assertEquals(core.hash("xxh64", have), core.hash("xxh64", bytes), name);
        checked++;
      }
    }
  }
  assert(checked > 150, `${checked}`);
});

Deno.test(`xz: ${MUTANTS} mutants are taken or refused alike`, async () => {
  const roll = dice(9);
  let taken = 0;
  const bases = [];
  for (const args of [["-6"], ["-0"], X86, ["--lzma2=lc=0,lp=2,pb=0"]]) {
    for (const kind of [1, 2, 3]) {
      const packed = await xz(["--check=none", ...args], sample(kind, 3_000));
      bases.push(packed!);
    }
  }
  for (let n = 0; n < MUTANTS; n++) {
    const bytes = bases[roll(bases.length)]!.slice();
    // The last bytes of a chunk may not matter; so may a bit in its middle.
    const at = 24 + roll(bytes.length - 24 - 32);
    bytes[at]! ^= 1 << roll(8);
    const theirs = await xz(["-d"], bytes);
    let ours: Uint8Array | undefined;
    try {
      ours = core.decompress("xz", bytes, { limit: CODEC_BLOCK_MAX });
    } catch {
      ours = undefined;
    }
    assertEquals(ours?.toHex(), theirs?.toHex(), bytes.toHex());
    if (ours) taken++;
  }
  assert(taken < MUTANTS, `${taken}`);
});
