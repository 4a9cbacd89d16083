/** Trees against the reference, superblocks, and every way to refuse. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  bufferSource,
  buildVerity,
  CoreError,
  type CoreProblemKind,
  decodeSuperblock,
  encodeSuperblock,
  layoutOf,
  loadCore,
  readSuperblock,
  verifyInWorkers,
  VerityImage,
  VerityMismatch,
  type VerityParams,
} from "../mod.ts";
import { referenceTree } from "../reference/verity.ts";

const core = await loadCore();

const PARAMS: VerityParams = {
  algorithm: "sha256",
  dataBlockSize: 512,
  hashBlockSize: 512,
  dataBlocks: 40,
  salt: new Uint8Array([1, 2, 3]),
  hashOffset: 0,
  superblock: false,
};

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * i + (i >> 8)) & 255);
}

/** The tree of `data` in memory, from byte 0 of its file. */
async function build(data: Uint8Array, params: VerityParams) {
  const tree = new Uint8Array(Math.max(512, layoutOf(params).end));
  const rootHash = await buildVerity(core, {
    data: bufferSource(data),
    params,
    sink: { write: (offset, bytes) => tree.set(bytes, offset) },
  });
  return { tree, rootHash };
}

async function make(params: VerityParams) {
  const data = pattern(params.dataBlocks * params.dataBlockSize);
  const { tree, rootHash } = await build(data, params);
  const open = () =>
    new VerityImage(core, {
      data: bufferSource(data),
      tree: bufferSource(tree),
      params,
      rootHash,
    });
  return { data, tree, rootHash, open };
}

Deno.test("trees are those of the reference", async () => {
  const cases: Partial<VerityParams>[] = [
    ...[1, 2, 15, 16, 17, 256, 257].map((dataBlocks) => ({ dataBlocks })),
    { algorithm: "sha512", dataBlocks: 65 },
    { dataBlockSize: 1024, hashBlockSize: 512, dataBlocks: 33 },
    { dataBlockSize: 512, hashBlockSize: 4096, dataBlocks: 129 },
    { salt: new Uint8Array(), dataBlocks: 5 },
    { salt: pattern(64), dataBlocks: 5 },
    { salt: pattern(256), dataBlocks: 5 },
    { hashOffset: 1024, dataBlocks: 5 },
  ];
  for (const changes of cases) {
    const params = { ...PARAMS, ...changes };
    const { data, tree, rootHash, open } = await make(params);
    const want = referenceTree(data, params);
    const where = JSON.stringify(changes);
    assertEquals(rootHash.toHex(), want.rootHash.toHex(), where);
    const { end } = layoutOf(params);
    const have = tree.subarray(params.hashOffset, end);
    assertEquals(have.toHex(), want.tree.toHex(), where);
    assertEquals(await open().verify(), params.dataBlocks, where);
  }
});

Deno.test("reading gives verified bytes at any place", async () => {
  const { data, open } = await make({ ...PARAMS, dataBlocks: 700 });
  const image = open();
  for (
    const [offset, length] of [[0, 0], [0, 1], [511, 2], [1000, 300_000]] //
      .concat([[data.length - 1, 1], [data.length, 0], [0, data.length]])
  ) {
    const have = await image.read(offset!, length!);
    assertEquals(have, data.slice(offset!, offset! + length!));
  }
  await assertRejects(() => image.read(1, data.length), CoreError, "offset 1");
  await assertRejects(() => image.read(-1, 1), CoreError);
  await assertRejects(() => image.verify({ first: 700, count: 1 }), CoreError);
});

Deno.test("one wrong byte anywhere is found, and where it is", async () => {
  const params = { ...PARAMS, dataBlocks: 260, hashBlockSize: 1024 };
  const { data, tree, open } = await make(params);
  const { levels } = layoutOf(params);
  for (let at = 0; at < data.length; at += 1531) {
    data[at]! ^= 1 << (at % 8);
    const error = await assertRejects(() => open().verify(), VerityMismatch);
    assertEquals([error.where, error.block], ["data", Math.floor(at / 512)]);
    assertEquals(error.kind, "corrupt");
    data[at]! ^= 1 << (at % 8);
  }
  for (let at = 0; at < tree.length; at += 7) {
    tree[at]! ^= 1;
    const error = await assertRejects(() => open().verify(), VerityMismatch);
    const level = levels.findIndex(({ offset, blocks }) =>
      at >= offset && at < offset + blocks * 1024
    );
    const block = Math.floor((at - levels[level]!.offset) / 1024);
    assertEquals([error.where, error.block], [level, block], `tree byte ${at}`);
    tree[at]! ^= 1;
  }
  assertEquals(await open().verify(), 260);
});

Deno.test("a bad block harms only what stands on it", async () => {
  const { data, tree, open } = await make({ ...PARAMS, dataBlocks: 64 });
  // Level 0 has four blocks after the top one; the third covers 32 to 47.
  tree[512 * 3]! ^= 1;
  const image = open();
  assertEquals(await image.verify({ count: 32 }), 32);
  await assertRejects(
    () => image.verify({ first: 40, count: 1 }),
    VerityMismatch,
  );
  assertEquals(await image.verify({ first: 48 }), 16);
  assertEquals(await image.read(0, 9), data.slice(0, 9));
});

Deno.test("a tree or data that end early, a root hash of another size", async () => {
  const { data, tree, rootHash } = await make(PARAMS);
  const open = (d: Uint8Array, t: Uint8Array, r: Uint8Array) => () =>
    new VerityImage(core, {
      data: bufferSource(d),
      tree: bufferSource(t),
      params: PARAMS,
      rootHash: r,
    });
  assertThrows(open(data.subarray(1), tree, rootHash), CoreError, "data ends");
  assertThrows(open(data, tree.subarray(1), rootHash), CoreError, "tree ends");
  assertThrows(open(data, tree, rootHash.subarray(1)), CoreError, "root hash");
});

Deno.test("a superblock comes back as it was", async () => {
  const params = { ...PARAMS, superblock: true, hashOffset: 1536 };
  const uuid = pattern(16);
  const area = new Uint8Array(2048);
  area.set(encodeSuperblock(params, uuid), 1536);
  const back = await readSuperblock(bufferSource(area), 1536);
  assertEquals(back.params.salt, params.salt);
  assertEquals({ ...back.params, salt: params.salt }, params);
  assertEquals(back.uuid, uuid);
});

Deno.test("each field of a superblock is checked", () => {
  const good = encodeSuperblock(PARAMS, new Uint8Array(16));
  const cases: [CoreProblemKind, number, number[]][] = [
    ["badMagic", 0, [0x56]],
    ["badMagic", 0, [0x76, 0x65, 0x72, 0x69, 0x74, 0x79, 0, 1]],
    ["unsupported", 8, [2]],
    ["unsupported", 12, [0]],
    ["unsupported", 32, [0x53]],
    ["corrupt", 60, [1]],
    ["corrupt", 64, [0, 0, 0, 0]],
    ["corrupt", 64, [1, 2, 0, 0]],
    ["corrupt", 64, [255, 255, 255, 255]],
    ["limit", 68, [0, 0, 2, 0]],
    ["corrupt", 68, [0, 0, 0, 128]],
    ["corrupt", 72, [0, 0, 0, 0, 0, 0, 0, 0]],
    ["limit", 72, [255, 255, 255, 255, 255, 255, 255, 255]],
    ["corrupt", 80, [1, 1]],
    ["corrupt", 82, [1]],
    ["corrupt", 91, [1]],
    ["corrupt", 511, [1]],
  ];
  for (const [kind, at, bytes] of cases) {
    const bad = good.slice();
    bad.set(bytes, at);
    const error = assertThrows(() => decodeSuperblock(bad, 4096), CoreError);
    assertEquals([error.kind, error.offset], [kind, 4096 + at], error.message);
  }
  const short = assertThrows(
    () => decodeSuperblock(good.subarray(0, 511), 0),
    CoreError,
  );
  assertEquals(short.kind, "outOfBounds");
});

Deno.test("parameters beyond what is built are refused", () => {
  const cases: Partial<VerityParams>[] = [
    { dataBlockSize: 256 },
    { dataBlockSize: 131_072 },
    { hashBlockSize: 1000 },
    { dataBlocks: 0 },
    { dataBlocks: 1.5 },
    { dataBlocks: 2 ** 50 },
    { salt: new Uint8Array(257) },
    { hashOffset: 100 },
    { hashOffset: -512 },
    { hashOffset: 256, superblock: true },
  ];
  for (const changes of cases) {
    const error = assertThrows(
      () => layoutOf({ ...PARAMS, ...changes }),
      CoreError,
    );
    assert(error.kind === "unsupported", JSON.stringify(changes));
  }
});

Deno.test("workers verify together, and report the first bad block", async () => {
  const params = { ...PARAMS, dataBlockSize: 4096, hashBlockSize: 4096 };
  const dir = await Deno.makeTempDir();
  try {
    const [dataPath, treePath] = [`${dir}/data`, `${dir}/tree`];
    // Three ranges of a worker.
    const sized = { ...params, dataBlocks: 8200 };
    const { data, tree, rootHash } = await make(sized);
    await Deno.writeFile(dataPath, data);
    await Deno.writeFile(treePath, tree);
    const options = { dataPath, treePath, params: sized, rootHash, workers: 2 };
    assertEquals(await verifyInWorkers(options), 8200);
    data[4097 * 4096]! ^= 1;
    data[8199 * 4096]! ^= 1;
    await Deno.writeFile(dataPath, data);
    const error = await assertRejects(
      () => verifyInWorkers(options),
      VerityMismatch,
    );
    assertEquals([error.where, error.block], ["data", 4097]);
    await assertRejects(
      () => verifyInWorkers({ ...options, treePath: dir + "/none" }),
      Error,
      "none",
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
