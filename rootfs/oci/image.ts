/**
 * The documents of an OCI image: configuration and manifest. Pure; the same
 * layers give the same bytes. Specification: opencontainers/image-spec 1.1.
 */
import { createHash } from "node:crypto";
import { assert } from "#lib/assert.ts";
import type { LayerFile } from "./layer.ts";

/** What the documents call their media types. */
const MEDIA_TYPES = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
} as const;

/** A blob as a document names it. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly size: number;
}

/** A blob that is small enough to be held. */
export interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A layer and the file that holds it. */
export interface Layer extends LayerFile {
  readonly path: string;
}

/** A whole image. */
export interface Image {
  /** `registry.k8s.io/pause:3.10.2`. */
  readonly reference: string;
  readonly manifest: Document;
  readonly config: Document;
  readonly layers: readonly Layer[];
}

/** How a container of the image starts. */
export interface Start {
  readonly entrypoint: readonly string[];
  readonly env: readonly string[];
  readonly user?: string;
}

function document(mediaType: string, value: unknown): Document {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const hex = createHash("sha256").update(bytes).digest("hex");
  const descriptor = { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  return { descriptor, bytes };
}

/** The image of `layers`, bottom first. */
export function imageOf(
  reference: string,
  layers: readonly Layer[],
  { entrypoint, env, user }: Start,
): Image {
  const config = document(MEDIA_TYPES.config, {
    architecture: "amd64",
    os: "linux",
    config: {
      ...user === undefined ? {} : { User: user },
      Env: env,
      Entrypoint: entrypoint,
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const manifest = document(MEDIA_TYPES.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  return { reference, manifest, config, layers };
}

/** `registry.k8s.io/coredns/coredns:v1` in its three parts. */
export function partsOf(reference: string) {
  const match = /^([^/]+)\/([a-z0-9._/-]+):([\w][\w.-]{0,127})$/.exec(
    reference,
  );
  assert(match, `"${reference}" is no reference of an image`);
  return { host: match[1]!, repository: match[2]!, tag: match[3]! };
}
