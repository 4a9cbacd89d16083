/**
 * What reading hostile bytes may end in. The kind tells a bad image from one
 * that we do not read; `offset` is where, in bytes of the source. This folder
 * stands alone, so the error is its own and not that of services/lib.
 */

/** Why bytes were refused. */
export type CoreProblemKind =
  /** Not this format at all. */
  | "badMagic"
  /** The format, in a version or with an option that is not read here. */
  | "unsupported"
  /** The format, with contents that contradict themselves. */
  | "corrupt"
  /** Something points outside of what there is. */
  | "outOfBounds"
  /** Larger than a named limit. */
  | "limit";

/** A refusal, with what is known about it as data. */
export class CoreError extends Error {
  override name = "CoreError";
  readonly kind: CoreProblemKind;
  /** The message without the place. */
  readonly what: string;
  /** Where, in bytes from the start of the source. */
  readonly offset: number;

  constructor(kind: CoreProblemKind, what: string, offset: number) {
    super(`${what} at offset ${offset}`);
    this.kind = kind;
    this.what = what;
    this.offset = offset;
  }
}
