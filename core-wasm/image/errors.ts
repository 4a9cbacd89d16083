/** Why a signed image is refused, before any of it is read. */

/** One way for a manifest or its signature to be wrong. */
export type ImageProblemKind =
  /** Not a manifest. */
  | "badMagic"
  /** A later format, or an algorithm that is not read here. */
  | "unsupported"
  /** A field outside of its range. */
  | "corrupt"
  /** The manifest, signature, image or tree ends early. */
  | "truncated"
  /** Bytes follow the manifest, signature, image or tree. */
  | "trailing"
  /** Signed with a key that the caller does not trust. */
  | "unknownKey"
  /** Not signed by the key that the manifest names. */
  | "badSignature";

/** A refused image. A wrong block is a `VerityMismatch` instead. */
export class ImageError extends Error {
  override name = "ImageError";
  readonly kind: ImageProblemKind;

  constructor(kind: ImageProblemKind, what: string) {
    super(what);
    this.kind = kind;
  }
}
