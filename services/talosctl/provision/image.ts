/**
 * The image of a cluster: pinned, verified, then mounted, in this order. An
 * image that does not verify is never mounted.
 *
 * Pinned: the files are bound below the cluster's directory, so that what is
 * verified, mounted and shown to the nodes are the same inodes, whatever takes
 * their names meanwhile (a build renames new files over the old ones). What
 * remains: who may write to these very files can change a block after it was
 * verified. The kernel reads it then; `talosctl image verify` finds it.
 */
import { join } from "@std/path";
import { type ImagePart, imagePaths } from "#lib/image/files.ts";
import {
  type ImageFault,
  ImageFaultError,
  openImage,
  verifyAll,
} from "#lib/image/signed_image.ts";
import { IMAGE_KEYS_NAME, IMAGE_NAME } from "#lib/paths.ts";
import type { Host } from "./processes.ts";
import { type ImageSource, ProvisionError } from "./provision.ts";

/** Read-only; a bind alone keeps what the original allows. */
const PIN = "bind,ro,nosuid,nodev,noexec";

async function readOrNothing(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch((thrown) => {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  });
}

/**
 * Binds the files of `source` into the directory `dir`, which nodes see as
 * IMAGE_DIR; the keys are copied. What is not there is left out. Returns where
 * they are.
 */
export async function pinImage(
  host: Host,
  { source, dir }: { source: ImageSource; dir: string },
): Promise<ImageSource> {
  await Deno.mkdir(dir, { recursive: true });
  const image = join(dir, IMAGE_NAME);
  const [from, to] = [imagePaths(source.image), imagePaths(image)];
  for (const part of Object.keys(from) as ImagePart[]) {
    const there = await Deno.stat(from[part]).catch(() => undefined);
    if (!there?.isFile) continue;
    await Deno.writeTextFile(to[part], "");
    await host(["mount", "-o", PIN, from[part], to[part]]);
  }
  const keys = join(dir, IMAGE_KEYS_NAME);
  const text = await readOrNothing(source.keys);
  if (text !== undefined) await Deno.writeTextFile(keys, text);
  return { image, keys };
}

const AGAIN = 'build it again with "deno task image", or copy it again';

/** What to do about it. */
function advice(fault: ImageFault): string {
  switch (fault.kind) {
    case "missing":
      if (fault.part !== "keys") {
        return 'build it with "deno task image", or copy all four files of it';
      }
      return 'build the image with "deno task image", or name them with --signing-keys';
    case "keys":
      return "name a file of PEM public keys with --signing-keys";
    case "refused":
      if (fault.why !== "unknownKey") return AGAIN;
      return "if you trust whoever signed it, name the public key with --signing-keys";
    case "badBlock":
      return AGAIN;
  }
}

/** What a verified image is, for the user to read. */
export interface CheckedImage {
  readonly version: string;
  readonly keyId: string;
  readonly blocks: number;
  readonly ms: number;
}

/**
 * Verifies all of the image `source`, by default where the user has it, else
 * where it is pinned; errors name the one that the user knows.
 *
 * @throws {ProvisionError} of kind `image`.
 */
export async function checkImage(
  source: ImageSource,
  pinned: ImageSource = source,
): Promise<CheckedImage> {
  try {
    await using opened = await openImage(pinned);
    const { blocks, ms } = await verifyAll(opened);
    const { version, keyId } = opened.manifest;
    return { version, keyId: keyId.toHex(), blocks, ms };
  } catch (thrown) {
    if (!(thrown instanceof ImageFaultError)) throw thrown;
    const { problem: fault, message } = thrown;
    throw new ProvisionError(
      { kind: "image", fault },
      `Cannot trust "${source.image}": ${message}; ${advice(fault)}`,
    );
  }
}
