/**
 * Signed images: four files, `image`, its hash `tree`, `manifest` and detached
 * `signature`. Every byte of each is covered: the signature covers the
 * manifest, its root hash the tree, the tree the image.
 */
import type { Core } from "../mod.ts";
import type { ByteSource } from "../source.ts";
import { VerityImage } from "../verity/image.ts";
import { layoutOf } from "../verity/layout.ts";
import { ImageError } from "./errors.ts";
import { type Manifest, paramsOf } from "./manifest.ts";
import { type SignedManifest, verifyManifest } from "./signature.ts";

export { ImageError, type ImageProblemKind } from "./errors.ts";
export {
  decodeManifest,
  encodeManifest,
  type Manifest,
  MANIFEST_MAX,
  paramsOf,
} from "./manifest.ts";
export {
  keyIdOf,
  type SignedManifest,
  signManifest,
  verifyManifest,
} from "./signature.ts";

/** The four parts, and whom to trust. */
export interface SignedImage extends SignedManifest {
  readonly image: ByteSource;
  readonly tree: ByteSource;
}

function checkSize(what: string, have: number, want: number): void {
  if (have < want) throw new ImageError("truncated", `${what} ends early`);
  if (have > want) throw new ImageError("trailing", `bytes after ${what}`);
}

/**
 * Checks manifest, signature and sizes; the blocks are verified as they are
 * read, or all at once by `image.verify()`.
 */
export async function openSignedImage(
  core: Core,
  signed: SignedImage,
): Promise<{ manifest: Manifest; image: VerityImage }> {
  const manifest = await verifyManifest(signed);
  const params = paramsOf(manifest);
  checkSize("the image", signed.image.size, manifest.sizeBytes);
  checkSize("the hash tree", signed.tree.size, layoutOf(params).end);
  const { rootHash } = manifest;
  const { image: data, tree } = signed;
  return {
    manifest,
    image: new VerityImage(core, { data, tree, params, rootHash }),
  };
}
