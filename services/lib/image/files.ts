/**
 * The four files of a signed image. They lie side by side, so that the path of
 * the image names all of them:
 *
 *     rootfs.sqsh            the image
 *     rootfs.sqsh.verity     its hash tree
 *     rootfs.sqsh.manifest   the root hash of that, version, key id ...
 *     rootfs.sqsh.sig        the signature of the manifest
 */

/** Paths by what they are. */
export interface ImagePaths {
  readonly image: string;
  readonly tree: string;
  readonly manifest: string;
  readonly signature: string;
}

/** One of the four. */
export type ImagePart = keyof ImagePaths;

/** The file beside an image with the public keys of its build, see keys.ts. */
export const PUBLIC_KEYS = "signing.pub";

/** The paths of the image at `image` and of what belongs to it. */
export function imagePaths(image: string): ImagePaths {
  return {
    image,
    tree: `${image}.verity`,
    manifest: `${image}.manifest`,
    signature: `${image}.sig`,
  };
}
