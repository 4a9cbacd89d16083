/**
 * OCI images as they are stored (opencontainers/image-spec 1.1): from an index
 * to the manifest of a platform to the configuration. Bytes come from a
 * registry: what is not as it must be is refused. Pure.
 */
import { createHash } from "node:crypto";
import { AgentError } from "../errors.ts";

/** A blob by its digest. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A machine that an image is for. */
export interface ImagePlatform {
  readonly os: string;
  /** `amd64` */
  readonly architecture: string;
}

/** What a container of the image has, unless it is told otherwise. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  /** Digests of the layers' tar archives, the lowest first. */
  readonly diffIds: readonly string[];
}

/** Why bytes are no image that we can run. */
export interface ImageProblem {
  readonly kind: "malformed" | "platform" | "tooLarge";
  readonly what: string;
}

/** Bytes that are no image that we can run. */
export class ImageError extends AgentError<ImageProblem> {
  override name = "ImageError";
}

/** Indexes, manifests and configurations; longer ones are refused. */
export const IMAGE_JSON_BYTES_MAX = 4 << 20;
/** More layers than any image has: overlayfs stops at 500. */
const LAYERS_MAX = 512;
const ENTRIES_MAX = 512;

const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

type Json = Readonly<Record<string, unknown>>;

function malformed(what: string): ImageError {
  const text = `Cannot read the image: ${what} is not as it must be`;
  return new ImageError({ kind: "malformed", what }, text);
}

function objectOf(value: unknown, what: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(what);
  }
  return value as Json;
}

function listOf(
  value: unknown,
  { what, max }: { what: string; max: number },
): unknown[] {
  if (!Array.isArray(value) || value.length > max) throw malformed(what);
  return value;
}

function stringsOf(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  const list = listOf(value, { what, max: ENTRIES_MAX });
  if (!list.every((item) => typeof item === "string")) throw malformed(what);
  return list as string[];
}

/** Whether `text` is the digest of a blob, and no path. */
export function isDigest(text: unknown): text is string {
  return typeof text === "string" && /^sha256:[0-9a-f]{64}$/.test(text);
}

function parse(bytes: Uint8Array, what: string): Json {
  if (bytes.length > IMAGE_JSON_BYTES_MAX) {
    throw new ImageError(
      { kind: "tooLarge", what },
      `Cannot read the image: ${bytes.length} bytes of ${what} are too many`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw malformed(what);
  }
  return objectOf(value, what);
}

function descriptorOf(value: unknown, what: string): Descriptor {
  const { mediaType, digest, size } = objectOf(value, what);
  if (
    typeof mediaType !== "string" || !isDigest(digest) ||
    !Number.isSafeInteger(size)
  ) throw malformed(what);
  return { mediaType, digest, size: size as number };
}

/** Whether what `mediaType` names is a list of manifests. */
export function isIndex({ mediaType }: Pick<Descriptor, "mediaType">): boolean {
  return INDEX_TYPES.includes(mediaType);
}

/** The manifest in an index that is for `platform`. @throws {ImageError} */
export function manifestFor(
  index: Uint8Array,
  platform: ImagePlatform,
): Descriptor {
  const { manifests } = parse(index, "the index");
  const list = listOf(manifests, { what: "the index", max: ENTRIES_MAX });
  for (const entry of list) {
    const { platform: given } = objectOf(entry, "the index");
    if (given === undefined) continue;
    const { os, architecture } = objectOf(given, "a platform");
    if (os === platform.os && architecture === platform.architecture) {
      return descriptorOf(entry, "the index");
    }
  }
  const what = `${platform.os}/${platform.architecture}`;
  throw new ImageError(
    { kind: "platform", what },
    `Cannot use the image: it is not for ${what}`,
  );
}

/** The configuration that a manifest names. @throws {ImageError} */
export function configOf(manifest: Uint8Array): Descriptor {
  const { config } = parse(manifest, "the manifest");
  return descriptorOf(config, "the manifest");
}

/** The part of a configuration that containers need. @throws {ImageError} */
export function decodeImageConfig(bytes: Uint8Array): ImageConfig {
  const { config = {}, rootfs } = parse(bytes, "the configuration");
  const { Entrypoint, Cmd, Env, WorkingDir = "" } = objectOf(
    config ?? {},
    "the configuration",
  );
  const { diff_ids } = objectOf(rootfs, "the list of layers");
  const diffIds = listOf(diff_ids, {
    what: "the list of layers",
    max: LAYERS_MAX,
  });
  if (!diffIds.every(isDigest)) throw malformed("the list of layers");
  if (typeof WorkingDir !== "string") throw malformed("the configuration");
  return {
    entrypoint: stringsOf(Entrypoint, "the entry point"),
    cmd: stringsOf(Cmd, "the command"),
    env: stringsOf(Env, "the environment"),
    workingDir: WorkingDir,
    diffIds,
  };
}

/**
 * The name of the snapshot with all layers: sha256 over the name of those
 * below and the digest of the next; image-spec, config.md. Empty without any.
 */
export function chainId(diffIds: readonly string[]): string {
  return diffIds.reduce(
    (below, diffId) =>
      below === ""
        ? diffId
        : `sha256:${
          createHash("sha256").update(`${below} ${diffId}`).digest("hex")
        }`,
    "",
  );
}
