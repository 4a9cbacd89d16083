/** Hash trees against veritysetup: the same bytes, each reads the other's. */
import {
  buildVerity,
  FileSource,
  loadCore,
  readSuperblock,
  VerityImage,
  VerityMismatch,
  type VerityParams,
} from "#core-wasm/mod.ts";
import { run } from "#lib/command.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ensureTools, TEST_TOOLS } from "../../rootfs/components/tools.ts";

const UUID = "12345678-9abc-def0-1234-56789abcdef0";
const CASES = Deno.env.get("TALOS_TEST_FULL") === "1" ? 320 : 40;

/** Numbers that are the same in every run. */
function dice(seed: number) {
  let x = seed;
  return (sides: number): number => {
    x = Math.imul(x ^ x >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return ((x ^ x >>> 13) >>> 0) % sides;
  };
}

function pick<T>(roll: (sides: number) => number, from: readonly T[]): T {
  return from[roll(from.length)]!;
}

/** The parameters of case `n`: every option, sizes around the fan-outs. */
function paramsOf(n: number): VerityParams {
  const roll = dice(n * 7919 + 1);
  for (let i = 0; i < 4; i++) roll(2);
  const algorithm = pick(roll, ["sha256", "sha512"] as const);
  const sizes = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
  const [dataBlockSize, hashBlockSize] = [pick(roll, sizes), pick(roll, sizes)];
  const superblock = roll(3) > 0;
  const fanOut = hashBlockSize / (algorithm === "sha256" ? 32 : 64);
  const near = pick(roll, [1, 2, 3, fanOut, fanOut * fanOut, 100, 1000]);
  const most = Math.floor((8 << 20) / dataBlockSize);
  const unit = superblock ? 512 : hashBlockSize;
  return {
    algorithm,
    dataBlockSize,
    hashBlockSize,
    dataBlocks: Math.max(1, Math.min(most, near + roll(3) - 1)),
    salt: Uint8Array.from({
      length: pick(roll, [0, 1, 31, 32, 63, 64, 65, 200, 256]),
    }, () => roll(256)),
    hashOffset: unit * pick(roll, [0, 0, 1, 3, 16]),
    superblock,
  };
}

function flagsOf(params: VerityParams): string[] {
  return [
    `--hash=${params.algorithm}`,
    `--data-block-size=${params.dataBlockSize}`,
    `--hash-block-size=${params.hashBlockSize}`,
    `--data-blocks=${params.dataBlocks}`,
    `--salt=${params.salt.length > 0 ? params.salt.toHex() : "-"}`,
    `--hash-offset=${params.hashOffset}`,
    ...(params.superblock ? [] : ["--no-superblock"]),
  ];
}

async function compare(dir: string, params: VerityParams): Promise<void> {
  const [data, theirs, ours] = ["data", "theirs", "ours"].map((name) =>
    join(dir, name)
  ) as [string, string, string];
  const bytes = new Uint8Array(params.dataBlocks * params.dataBlockSize);
  for (let at = 0; at < bytes.length; at += 512) {
    crypto.getRandomValues(bytes.subarray(at, at + 512));
  }
  await Deno.writeFile(data, bytes);
  // Without a tree, veritysetup writes its superblock in a page that must be
  // there, and nothing more.
  const bare = params.dataBlocks === 1 ? params.hashOffset + 4096 : 0;
  await Deno.writeFile(theirs, new Uint8Array(bare));
  const said = await run([
    ...["veritysetup", "format", data, theirs, ...flagsOf(params)],
    ...(params.superblock ? [`--uuid=${UUID}`] : []),
  ]);
  const rootHash = /Root hash:\s+([0-9a-f]+)/.exec(said)![1]!;

  const core = await loadCore();
  await using source = await FileSource.open(data);
  await using sink = await FileSource.open(ours, "w+");
  const uuid = Uint8Array.fromHex(UUID.replaceAll("-", ""));
  const built = await buildVerity(core, { data: source, params, sink, uuid });
  assertEquals(built.toHex(), rootHash);
  const want = await Deno.readFile(theirs);
  const have = new Uint8Array(Math.max(want.length, bare));
  have.set(await Deno.readFile(ours));
  assertEquals(core.hash("sha256", have), core.hash("sha256", want));

  await using tree = await FileSource.open(theirs);
  if (params.superblock) {
    const found = await readSuperblock(tree, params.hashOffset);
    assertEquals(found.params, params);
    assertEquals(found.uuid, uuid);
  }
  const options = { data: source, tree, params, rootHash: built };
  const image = new VerityImage(core, options);
  assertEquals(await image.verify(), params.dataBlocks);
  const theirVerify = () =>
    run([
      ...["veritysetup", "verify", data, ours, rootHash],
      ...(params.superblock
        ? [`--hash-offset=${params.hashOffset}`]
        : flagsOf(params)),
    ]);
  await theirVerify();
  // Both refuse the same wrong byte.
  bytes[bytes.length - 1]! ^= 1;
  await Deno.writeFile(data, bytes);
  await assertRejects(theirVerify);
  await assertRejects(() => image.verify(), VerityMismatch);
}

Deno.test(`verity: ${CASES} trees are those of veritysetup`, async (t) => {
  await ensureTools(TEST_TOOLS);
  for (let n = 0; n < CASES; n++) {
    const params = paramsOf(n);
    const { salt, ...rest } = params;
    const name = `${n}: ${JSON.stringify({ ...rest, salt: salt.length })}`;
    await t.step(name, async () => {
      const dir = await Deno.makeTempDir();
      try {
        await compare(dir, params);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    });
  }
});
