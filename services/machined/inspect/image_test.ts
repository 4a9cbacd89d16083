/** The inspect child's answers about an image, good and spoiled. */
import { assertEquals, assertMatch } from "@std/assert";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { join } from "@std/path";
import { ImageVerifyResponseSchema } from "#proto/image_pb.ts";
import { imagePaths } from "#lib/image/files.ts";
import { exportKey, generateKey } from "#lib/pki/keys.ts";
import { flipByte } from "#tests/built_image.ts";
import { signImage } from "../../../rootfs/sign.ts";
import { loadSigningKey } from "../../../rootfs/signing_key.ts";
import { verify } from "./image.ts";

const pem = await exportKey((await generateKey("Ed25519")).privateKey);
const key = await loadSigningKey(pem);
const BLOCKS = 300;

/** A signed file that is no file system; `spoil` it, then verify. */
async function verified(
  spoil: (source: { image: string; keys: string }) => Promise<void>,
) {
  const dir = await Deno.makeTempDir();
  try {
    const source = { image: join(dir, "image"), keys: join(dir, "keys") };
    const contents = new Uint8Array(BLOCKS * 4096 - 100);
    contents.forEach((_, at) => contents[at] = at >> 8);
    await Deno.writeFile(source.image, contents);
    await Deno.writeTextFile(source.keys, key.publicPem);
    const manifest = await signImage(source.image, { version: "v7", key });
    await spoil(source);
    const replies = await Array.fromAsync(verify(source));
    assertEquals(replies.length, 1);
    // As it is sent.
    const bytes = toBinary(ImageVerifyResponseSchema, replies[0]!);
    const [reply] = fromBinary(ImageVerifyResponseSchema, bytes).messages;
    return { reply: reply!, rootHash: manifest.rootHash.toHex() };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("verify() says what the image is and what it read", async () => {
  const { reply, rootHash } = await verified(async () => {});
  assertEquals(reply.problem, "");
  assertEquals(
    [reply.version, reply.keyId, reply.rootHash],
    ["v7", key.id, rootHash],
  );
  assertEquals([reply.blocks, reply.bytes], [300n, 300n * 4096n]);
  const { seconds, nanos } = reply.duration!;
  assertEquals(seconds > 0n || nanos > 0, true);
});

Deno.test("verify() names the first bad block, of data or of the tree", async () => {
  const data = await verified(async ({ image }) => {
    await flipByte(image, 4096 * 299);
    await flipByte(image, 4096 * 200 + 5);
  });
  assertEquals(
    data.reply.problem,
    "data block 200 at offset 819200 is bad",
  );
  assertEquals(data.reply.badBlock, {
    ...data.reply.badBlock!,
    block: 200n,
    offset: 819_200n,
  });
  assertEquals(data.reply.badBlock!.treeLevel, undefined);
  assertEquals(data.reply.version, "v7");
  // Batches of 32 blocks; the one with the bad block does not count.
  assertEquals(data.reply.blocks, 192n);
  const tree = await verified(({ image }) =>
    flipByte(imagePaths(image).tree, 4096 + 1)
  );
  assertEquals(tree.reply.badBlock!.treeLevel, 0);
  assertEquals(tree.reply.badBlock!.block, 0n);
  assertEquals(tree.reply.blocks, 0n);
});

Deno.test("verify() answers when there is nothing to trust", async () => {
  const missing = await verified(({ image }) =>
    Deno.remove(imagePaths(image).manifest)
  );
  assertEquals(missing.reply.problem, "there is no manifest");
  assertEquals([missing.reply.version, missing.reply.blocks], ["", 0n]);
  const unsigned = await verified(({ image }) =>
    flipByte(imagePaths(image).signature, 0)
  );
  assertMatch(unsigned.reply.problem, /^not signed by key "[0-9a-f]{64}"$/);
  assertEquals(unsigned.reply.keyId, "");
});
