/** What `deno task images` built, as far as a local cluster needs it. */
import { join } from "@std/path";
import { messageOf } from "#lib/errors.ts";
import { ProvisionError } from "./provision.ts";
import { outDir } from "./runc.ts";

/** What `deno task images` leaves in `_out/images.json`. */
export interface BuiltImages {
  /** The program docker-registry. */
  readonly program: string;
  /** The directory that it serves. */
  readonly storage: string;
  readonly images: readonly {
    readonly reference: string;
    readonly digest: string;
    /** As it is pulled. */
    readonly sizeBytes: number;
  }[];
}

/** What `deno task images` built last; `undefined` when it never ran. */
export async function builtImages(
  out = outDir(),
): Promise<BuiltImages | undefined> {
  const path = join(out, "images.json");
  let built: BuiltImages;
  try {
    built = JSON.parse(await Deno.readTextFile(path));
    // The cache may have been emptied since.
    await Promise.all([Deno.stat(built.program), Deno.stat(built.storage)]);
    return built;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new ProvisionError(
      { kind: "host", what: "images" },
      `Cannot read "${path}": ${messageOf(cause)}; run "deno task images"`,
    );
  }
}
