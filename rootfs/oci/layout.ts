/** The images as an OCI layout: a directory that other tools read. */
import { join } from "@std/path";
import { linkOrCopy } from "../place.ts";
import { type Image, partsOf } from "./image.ts";

/** Writes `images` into the empty or absent directory `into`. */
export async function writeLayout(
  into: string,
  images: readonly Image[],
): Promise<void> {
  const blobs = join(into, "blobs", "sha256");
  await Deno.mkdir(blobs, { recursive: true });
  const pathOf = (digest: string) => join(blobs, digest.split(":")[1]!);
  const done = new Set<string>();
  for (const { manifest, config, layers } of images) {
    for (const { descriptor, bytes } of [manifest, config]) {
      await Deno.writeFile(pathOf(descriptor.digest), bytes);
    }
    for (const { descriptor: { digest }, path } of layers) {
      if (done.has(digest)) continue;
      await linkOrCopy(path, pathOf(digest));
      done.add(digest);
    }
  }
  const manifests = images.map(({ manifest, reference }) => ({
    ...manifest.descriptor,
    annotations: {
      "io.containerd.image.name": reference,
      "org.opencontainers.image.ref.name": partsOf(reference).tag,
    },
  }));
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests,
  };
  await Deno.writeTextFile(join(into, "index.json"), JSON.stringify(index));
  await Deno.writeTextFile(
    join(into, "oci-layout"),
    JSON.stringify({ imageLayoutVersion: "1.0.0" }),
  );
}
