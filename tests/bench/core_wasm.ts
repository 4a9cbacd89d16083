/**
 * core-wasm in turns with its anchors: hash-wasm, node:crypto and node:zlib in
 * the same process, veritysetup on the same files.
 */
import {
  type Algorithm,
  FileSource,
  loadCore,
  readSuperblock,
  verifyInWorkers,
  VerityImage,
} from "#core-wasm/mod.ts";
import { run as command } from "#lib/command.ts";
import * as hashWasm from "hash-wasm";
import { createHash } from "node:crypto";
import {
  constants,
  deflateSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { zstdFrame } from "../../core-wasm/codec_samples.ts";
import { ensureTools, TEST_TOOLS } from "../../rootfs/components/tools.ts";
import { type Figure, figure } from "./figure.ts";
import { run as squashfs } from "./squashfs.ts";

const SIZE = 16 << 20;
const TURNS = 12;
const VERITY_SIZE = 256 << 20;
/** What SquashFS makes by default: blocks of 128 KiB, zstd at level 15. */
const BLOCK_SIZE = 128 << 10;
const BLOCKS_SIZE = 8 << 20;
const ZSTD_PARAMS = { [constants.ZSTD_c_compressionLevel]: 15 };

const PEERS: Readonly<Record<Algorithm, () => Promise<hashWasm.IHasher>>> = {
  sha256: () => hashWasm.createSHA256(),
  sha512: () => hashWasm.createSHA512(),
  blake3: () => hashWasm.createBLAKE3(),
  crc32: () => hashWasm.createCRC32(),
  crc32c: () => hashWasm.createCRC32(0x82f63b78),
  xxh64: () => hashWasm.createXXHash64(),
};

/** MB/s of each, the best of many turns, so that all see the same machine. */
function race(runs: readonly (() => void)[], bytes: number): number[] {
  const best = runs.map(() => 0);
  for (let turn = 0; turn < TURNS; turn++) {
    runs.forEach((run, i) => {
      const started = performance.now();
      run();
      const rate = bytes / 1e3 / (performance.now() - started);
      best[i] = Math.max(best[i]!, rate);
    });
  }
  return best;
}

/** Seconds of the fastest of a few turns. */
async function fastest(runs: readonly (() => Promise<unknown>)[]) {
  const best = runs.map(() => Infinity);
  for (let turn = 0; turn < 4; turn++) {
    for (const [i, run] of runs.entries()) {
      const started = performance.now();
      await run();
      best[i] = Math.min(best[i]!, (performance.now() - started) / 1e3);
    }
  }
  return best;
}

/** A whole image of 256 MiB, in the page cache, with 32 bytes of salt. */
async function verity(print: (figure: Figure) => void): Promise<void> {
  await ensureTools(TEST_TOOLS);
  const dir = await Deno.makeTempDir();
  try {
    const [dataPath, treePath] = [`${dir}/data`, `${dir}/tree`];
    const bytes = new Uint8Array(VERITY_SIZE);
    for (let at = 0; at < VERITY_SIZE; at += 65_536) {
      crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    }
    await Deno.writeFile(dataPath, bytes);
    const said = await command(["veritysetup", "format", dataPath, treePath]);
    const rootHash = Uint8Array.fromHex(
      /Root hash:\s+([0-9a-f]+)/.exec(said)![1]!,
    );
    const core = await loadCore();
    await using data = await FileSource.open(dataPath);
    await using tree = await FileSource.open(treePath);
    const { params } = await readSuperblock(tree);
    const pool = { dataPath, treePath, params, rootHash };
    const times = await fastest([
      () => new VerityImage(core, { data, tree, params, rootHash }).verify(),
      () => verifyInWorkers({ ...pool, workers: 2 }),
      () =>
        command([
          ...["veritysetup", "verify", dataPath, treePath, rootHash.toHex()],
        ]),
    ]);
    const [one, two, theirs] = times.map((s) => VERITY_SIZE / 1e6 / s) as [
      ...[number, number, number],
    ];
    const unit = "MB/s";
    const anchor = { name: "veritysetup verify", value: theirs };
    print(figure({ name: "core-wasm verity, 1", value: one, unit, anchor }));
    print(figure({ name: "core-wasm verity, 2", value: two, unit, anchor }));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Blocks of real bytes: a part of the program that runs this. */
async function realBlocks(): Promise<Uint8Array[]> {
  using file = await Deno.open(Deno.execPath());
  await file.seek(32 << 20, Deno.SeekMode.Start);
  const bytes = new Uint8Array(BLOCKS_SIZE);
  for (let have = 0; have < bytes.length;) {
    have += await file.read(bytes.subarray(have)) ?? 0;
  }
  return Array.from(
    { length: BLOCKS_SIZE / BLOCK_SIZE },
    (_, i) => bytes.subarray(i * BLOCK_SIZE, (i + 1) * BLOCK_SIZE),
  );
}

async function codecs(print: (figure: Figure) => void): Promise<void> {
  const core = await loadCore();
  const blocks = await realBlocks();
  const zlib = blocks.map((block) => new Uint8Array(deflateSync(block)));
  const zstd = blocks.map((block) =>
    zstdFrame(zstdCompressSync(block, { params: ZSTD_PARAMS }))
  );
  const limit = BLOCK_SIZE;
  const [ours, theirs, ourZstd, theirZstd] = race([
    () => zlib.forEach((b) => core.decompress("zlib", b, { limit })),
    () => zlib.forEach((b) => inflateSync(b)),
    () => zstd.forEach((b) => core.decompress("zstd", b, { limit })),
    () => zstd.forEach((b) => zstdDecompressSync(b)),
  ], BLOCKS_SIZE) as [number, number, number, number];
  const unit = "MB/s";
  let anchor = { name: "node:zlib inflate", value: theirs };
  print(figure({ name: "core-wasm zlib", value: ours, unit, anchor }));
  anchor = { name: "node:zlib zstd", value: theirZstd };
  print(figure({ name: "core-wasm zstd", value: ourZstd, unit, anchor }));
}

export async function run(print: (figure: Figure) => void): Promise<void> {
  const core = await loadCore();
  const bytes = new Uint8Array(SIZE);
  for (let at = 0; at < SIZE; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  for (const algorithm of Object.keys(PEERS) as Algorithm[]) {
    const peer = await PEERS[algorithm]();
    const runs = [
      () => void core.hash(algorithm, bytes),
      () => void peer.init().update(bytes).digest(),
    ];
    const node = algorithm === "sha256" || algorithm === "sha512";
    if (node) {
      runs.push(() => void createHash(algorithm).update(bytes).digest());
    }
    const [value, other, native] = race(runs, SIZE) as [number, number, number];
    const name = `core-wasm ${algorithm}`;
    const unit = "MB/s";
    print(
      figure({
        name,
        value,
        unit,
        anchor: { name: "hash-wasm", value: other },
      }),
    );
    if (node) {
      const anchor = { name: "node:crypto", value: native };
      print(figure({ name, value, unit, anchor }));
    }
  }
  await codecs(print);
  await verity(print);
  await squashfs(print);
}
