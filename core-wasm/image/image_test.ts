/** Signed images: the bytes of a manifest, and every way to be refused. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  bufferSource,
  buildVerity,
  CoreError,
  decodeManifest,
  encodeManifest,
  ImageError,
  type ImageProblemKind,
  keyIdOf,
  layoutOf,
  loadCore,
  type Manifest,
  MANIFEST_MAX,
  openSignedImage,
  paramsOf,
  signManifest,
  verifyManifest,
} from "../mod.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const core = await loadCore();

const MANIFEST: Manifest = {
  version: "v0.9.0",
  sizeBytes: 8192,
  algorithm: "sha256",
  dataBlockSize: 4096,
  hashBlockSize: 512,
  salt: Uint8Array.of(0xaa, 0xbb),
  rootHash: new Uint8Array(32).fill(0x11),
  keyId: new Uint8Array(32).fill(0x22),
};

const ENCODED = "74616c6f73696d67" + "0100" + "01" + "0c" + "09" + "06" +
  "0200" + "0020000000000000" + "22".repeat(32) + "11".repeat(32) +
  "76302e392e30" + "aabb";

async function makeKey() {
  const pair = await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const raw = await crypto.subtle.exportKey("raw", pair.publicKey);
  return { privateKey: pair.privateKey, publicKey: new Uint8Array(raw) };
}

const key = await makeKey();
const other = await makeKey();

/** An image with all that belongs to it, signed. */
async function makeImage(sizeBytes: number) {
  const image = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) image[i] = Math.imul(i, 0x9e3779b1) >> 24;
  const draft = { ...MANIFEST, sizeBytes, dataBlockSize: 512 };
  const params = paramsOf(draft);
  const tree = new Uint8Array(layoutOf(params).end);
  const rootHash = await buildVerity(core, {
    data: bufferSource(image),
    params,
    sink: { write: (offset, bytes) => tree.set(bytes, offset) },
  });
  const keyId = await keyIdOf(key.publicKey);
  const manifest = encodeManifest({ ...draft, rootHash, keyId });
  const signature = await signManifest(manifest, key.privateKey);
  return { image, tree, manifest, signature, params };
}

type Parts = Awaited<ReturnType<typeof makeImage>>;

function open(parts: Parts, keys = [other.publicKey, key.publicKey]) {
  return openSignedImage(core, {
    manifest: parts.manifest,
    signature: parts.signature,
    image: bufferSource(parts.image),
    tree: bufferSource(parts.tree),
    keys,
  });
}

async function refused(
  parts: Parts,
  kind: ImageProblemKind,
  keys?: Uint8Array<ArrayBuffer>[],
) {
  const error = await assertRejects(() => open(parts, keys), ImageError);
  assertEquals(error.kind, kind, error.message);
}

Deno.test("the bytes of a manifest", () => {
  assertEquals(encodeManifest(MANIFEST).toHex(), ENCODED);
  assertEquals(decodeManifest(Uint8Array.fromHex(ENCODED)), MANIFEST);
  const largest: Manifest = {
    ...MANIFEST,
    version: "v".repeat(64),
    algorithm: "sha512",
    salt: new Uint8Array(256).fill(1),
    rootHash: new Uint8Array(64).fill(2),
  };
  const bytes = encodeManifest(largest);
  assertEquals(bytes.length, MANIFEST_MAX);
  assertEquals(decodeManifest(bytes), largest);
});

Deno.test("each field of a manifest is checked", () => {
  const cases: [ImageProblemKind, number, number[]][] = [
    ["badMagic", 0, [0x54]],
    ["unsupported", 8, [2]],
    ["unsupported", 10, [0]],
    ["unsupported", 10, [3]],
    ["truncated", 10, [2]],
    ["corrupt", 11, [8]],
    ["corrupt", 11, [17]],
    ["corrupt", 12, [255]],
    ["corrupt", 13, [0]],
    ["corrupt", 13, [65]],
    ["truncated", 13, [7]],
    ["trailing", 13, [5]],
    ["truncated", 14, [3]],
    ["trailing", 14, [1]],
    ["corrupt", 14, [1, 1]],
    ["corrupt", 16, [0, 0]],
    ["corrupt", 16, [1]],
    ["corrupt", 16, [0, 0, 0, 0, 0, 0, 0, 0x80]],
    ["corrupt", 88, [0x20]],
    ["corrupt", 90, [0]],
  ];
  for (const [kind, at, bytes] of cases) {
    const bad = Uint8Array.fromHex(ENCODED);
    bad.set(bytes, at);
    const error = assertThrows(() => decodeManifest(bad), ImageError);
    assertEquals(error.kind, kind, `${at}: ${bytes}: ${error.message}`);
  }
  const whole = Uint8Array.fromHex(ENCODED);
  for (let size = 0; size < whole.length; size++) {
    const error = assertThrows(
      () => decodeManifest(whole.subarray(0, size)),
      ImageError,
    );
    assertEquals(error.kind, "truncated", `${size} bytes`);
  }
  const bad: Partial<Manifest>[] = [
    { version: "" },
    { version: "v 1" },
    { version: "v".repeat(65) },
    { sizeBytes: 8193 },
    { dataBlockSize: 1000 },
    { salt: new Uint8Array(257) },
    { rootHash: new Uint8Array(64) },
  ];
  for (const changes of bad) {
    assertThrows(() => encodeManifest({ ...MANIFEST, ...changes }), ImageError);
  }
});

Deno.test("a signed image opens with the key that signed it", async () => {
  const parts = await makeImage(16_384);
  const { manifest, image } = await open(parts);
  assertEquals(manifest.version, "v0.9.0");
  assertEquals(await image.verify(), 32);
  await refused(parts, "unknownKey", [other.publicKey]);
  await refused(parts, "unknownKey", []);
});

Deno.test("what is too short, too long or not signed has its own error", async () => {
  const parts = await makeImage(16_384);
  for (const name of ["image", "tree", "manifest", "signature"] as const) {
    const bytes = parts[name];
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    await refused({ ...parts, [name]: longer }, "trailing");
    await refused({ ...parts, [name]: bytes.slice(0, -1) }, "truncated");
    await refused({ ...parts, [name]: new Uint8Array() }, "truncated");
  }
  // Signed by another key than the manifest names.
  const signature = await signManifest(parts.manifest, other.privateKey);
  await refused({ ...parts, signature }, "badSignature");
});

Deno.test("any wrong bit of manifest or signature is refused", async () => {
  const parts = await makeImage(16_384);
  for (const name of ["manifest", "signature"] as const) {
    const bytes = parts[name];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const bad = bytes.slice();
      bad[bit >> 3]! ^= 1 << (bit & 7);
      await assertRejects(
        () => verifyManifest({ ...parts, [name]: bad, keys: [key.publicKey] }),
        ImageError,
      );
    }
  }
});

const STRIDE = FULL ? 1 : 61;

Deno.test(`any wrong byte of a 1 MiB image or its tree is refused, every ${STRIDE}`, async () => {
  const parts = await makeImage(1 << 20);
  const { image } = await open(parts);
  assertEquals(await image.verify(), 2048);
  for (let at = 0; at < parts.image.length; at += STRIDE) {
    parts.image[at]! ^= 1 << (at & 7);
    await assertRejects(() => image.read(at, 1), CoreError);
    parts.image[at]! ^= 1 << (at & 7);
  }
  const { levels, fanOut } = layoutOf(parts.params);
  for (let at = 0; at < parts.tree.length; at += STRIDE) {
    const level = levels.findIndex((l) =>
      at >= l.offset && at < l.offset + l.blocks * 512
    );
    const inLevel = Math.floor((at - levels[level]!.offset) / 512);
    // The first data block that stands on it.
    const first = inLevel * fanOut ** (level + 1);
    parts.tree[at]! ^= 1 << (at & 7);
    // Another image: this one has the tree in its cache.
    const fresh = await open(parts);
    await assertRejects(
      () => fresh.image.verify({ first, count: 1 }),
      CoreError,
    );
    parts.tree[at]! ^= 1 << (at & 7);
  }
  assertEquals(await image.verify(), 2048);
});
