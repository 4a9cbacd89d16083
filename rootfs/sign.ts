/**
 * Writes hash tree, manifest and signature beside an image. The same image,
 * version and key give the same bytes: Ed25519 signs without a random number,
 * and the salt of the tree is the digest of the image. A salt need not be
 * secret; it has to differ between images, so that what somebody computes for
 * the blocks of one is of no use against another.
 */
import { createHash } from "node:crypto";
import {
  buildVerity,
  encodeManifest,
  FileSource,
  loadCore,
  type Manifest,
  paramsOf,
  signManifest,
} from "#core-wasm/mod.ts";
import { imagePaths } from "#lib/image/files.ts";
import type { SigningKey } from "./signing_key.ts";

/** Of data and of the tree: what the kernel reads at once. */
const BLOCK_SIZE = 4096;

/** SHA-256 of a file. */
async function digestOfFile(path: string): Promise<Uint8Array> {
  const hash = createHash("sha256");
  const file = await Deno.open(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return new Uint8Array(hash.digest());
}

/** Zeros up to a whole block; mksquashfs does it already, by default. */
async function padToBlock(path: string): Promise<number> {
  const { size } = await Deno.stat(path);
  const whole = Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE;
  if (whole !== size) await Deno.truncate(path, whole);
  return whole;
}

/** Pads the image at `image` to whole blocks and signs it. */
export async function signImage(
  image: string,
  { version, key }: { version: string; key: SigningKey },
): Promise<Manifest> {
  const sizeBytes = await padToBlock(image);
  const draft = {
    version,
    sizeBytes,
    algorithm: "sha256",
    dataBlockSize: BLOCK_SIZE,
    hashBlockSize: BLOCK_SIZE,
    salt: await digestOfFile(image),
    rootHash: new Uint8Array(32),
    keyId: Uint8Array.fromHex(key.id),
  } as const;
  const paths = imagePaths(image);
  await using data = await FileSource.open(image);
  await using sink = await FileSource.open(paths.tree, "w+");
  const params = paramsOf(draft);
  const rootHash = await buildVerity(await loadCore(), { data, params, sink });
  const manifest = { ...draft, rootHash };
  const bytes = encodeManifest(manifest);
  await Deno.writeFile(paths.manifest, bytes);
  const signature = await signManifest(bytes, key.privateKey);
  await Deno.writeFile(paths.signature, signature);
  return manifest;
}
