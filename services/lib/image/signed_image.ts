/**
 * Opens and verifies a signed image in files: whom to trust is in a file, too.
 * What is wrong with an image is data; what to do about it depends on who asks.
 */
import {
  type Core,
  FileSource,
  ImageError,
  type ImageProblemKind,
  loadCore,
  type Manifest,
  MANIFEST_MAX,
  openSignedImage,
  type VerityImage,
  VerityMismatch,
} from "#core-wasm/mod.ts";
import { AgentError, messageOf } from "../errors.ts";
import { type ImagePart, imagePaths } from "./files.ts";
import { decodeImageKeys } from "./keys.ts";

/** What is wrong with an image. */
export type ImageFault =
  /** One of its files is not there, or the keys are not. */
  | { readonly kind: "missing"; readonly part: ImagePart | "keys" }
  /** The file of keys is none. */
  | { readonly kind: "keys"; readonly text: string }
  /** Manifest, signature or a size. */
  | {
    readonly kind: "refused";
    readonly why: ImageProblemKind;
    readonly text: string;
  }
  /** A block whose digest is not what the tree says. */
  | {
    readonly kind: "badBlock";
    readonly where: VerityMismatch["where"];
    readonly block: number;
    readonly offset: number;
  };

const NAMES: Readonly<Record<ImagePart | "keys", string>> = {
  image: "image",
  tree: "hash tree",
  manifest: "manifest",
  signature: "signature",
  keys: "file of public keys",
};

function describe(fault: ImageFault): string {
  switch (fault.kind) {
    case "missing":
      return `there is no ${NAMES[fault.part]}`;
    case "keys":
      return `the public keys cannot be read: ${fault.text}`;
    case "refused":
      return fault.text;
    case "badBlock": {
      const { where, block, offset } = fault;
      return where === "data"
        ? `data block ${block} at offset ${offset} is bad`
        : `block ${block} of level ${where} of the hash tree at offset ${offset} is bad`;
    }
  }
}

/** An image that cannot be trusted. */
export class ImageFaultError extends AgentError<ImageFault> {
  override name = "ImageFaultError";

  constructor(fault: ImageFault, options?: ErrorOptions) {
    super(fault, describe(fault), options);
  }
}

/** An image whose manifest is signed; its blocks are verified when read. */
export interface OpenedImage extends AsyncDisposable {
  readonly manifest: Manifest;
  readonly image: VerityImage;
  /** The module, for what reads the image. */
  readonly core: Core;
}

/** What {@linkcode verifyAll} found to be right. */
export interface Verified {
  readonly blocks: number;
  readonly ms: number;
}

/** More is no file of keys. */
const KEYS_BYTES_MAX = 64 << 10;

async function open(path: string, part: ImagePart | "keys") {
  try {
    return await FileSource.open(path);
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "ENOENT") throw cause;
    throw new ImageFaultError({ kind: "missing", part }, { cause });
  }
}

/** A small file; one byte more than it may have, so that it is seen. */
async function readSmall(
  path: string,
  { part, max }: { part: ImagePart | "keys"; max: number },
): Promise<Uint8Array> {
  await using file = await open(path, part);
  return await file.read(0, Math.min(file.size, max + 1));
}

async function readKeys(path: string): Promise<Uint8Array[]> {
  const bytes = await readSmall(path, { part: "keys", max: KEYS_BYTES_MAX });
  if (bytes.length > KEYS_BYTES_MAX) {
    const text = `more than ${KEYS_BYTES_MAX} bytes`;
    throw new ImageFaultError({ kind: "keys", text });
  }
  try {
    return decodeImageKeys(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ImageFaultError({ kind: "keys", text: messageOf(cause) });
  }
}

/**
 * Opens the image at `image` if one of the keys in the file `keys` signed it.
 *
 * @throws {ImageFaultError}
 */
export async function openImage(
  options: { readonly image: string; readonly keys: string },
): Promise<OpenedImage> {
  const paths = imagePaths(options.image);
  const small = (part: "manifest" | "signature") =>
    readSmall(paths[part], { part, max: MANIFEST_MAX });
  await using stack = new AsyncDisposableStack();
  const image = stack.use(await open(paths.image, "image"));
  const manifest = await small("manifest");
  const signature = await small("signature");
  const tree = stack.use(await open(paths.tree, "tree"));
  const keys = await readKeys(options.keys);
  try {
    const core = await loadCore();
    const opened = await openSignedImage(core, {
      ...{ image, tree, manifest, signature, keys },
    });
    const held = stack.move();
    return {
      ...opened,
      core,
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    };
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    const { kind: why, message: text } = cause;
    throw new ImageFaultError({ kind: "refused", why, text }, { cause });
  }
}

/**
 * Verifies every block; `progress` hears how many were right so far.
 *
 * @throws {ImageFaultError} for the first bad block.
 */
export async function verifyAll(
  { image }: OpenedImage,
  progress?: (blocks: number) => void,
): Promise<Verified> {
  const started = performance.now();
  try {
    const blocks = await image.verify(progress ? { progress } : {});
    return { blocks, ms: performance.now() - started };
  } catch (cause) {
    if (!(cause instanceof VerityMismatch)) throw cause;
    const { where, block, offset } = cause;
    const fault = { kind: "badBlock", where, block, offset } as const;
    throw new ImageFaultError(fault, { cause });
  }
}
