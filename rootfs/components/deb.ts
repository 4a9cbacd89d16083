/** Files out of Debian packages at pinned versions. */
import { join } from "@std/path";
import { readAr } from "./ar.ts";
import type { Recipe } from "./cache.ts";
import { run } from "#lib/command.ts";
import { fetchChecked, FetchError } from "./fetch.ts";

/** One pinned package. */
export interface DebPackage {
  readonly name: string;
  readonly version: string;
  /** Below the top of the mirror, without the file's name. */
  readonly pool: string;
  readonly arch: "amd64" | "all";
  readonly sha256: string;
}

const MIRROR = "http://deb.debian.org";

function urlOf(deb: DebPackage): string {
  // The epoch of a version is not in the name of its file.
  const version = deb.version.replace(/^\d+:/, "");
  const file = `${deb.name}_${version}_${deb.arch}.deb`;
  return `${MIRROR}/${deb.pool}/${file.replaceAll("+", "%2b")}`;
}

async function fetchDeb(deb: DebPackage): Promise<Uint8Array> {
  try {
    return await fetchChecked(urlOf(deb), {
      algorithm: "sha256",
      encoding: "hex",
      value: deb.sha256,
    });
  } catch (thrown) {
    if (!(thrown instanceof FetchError && thrown.problem.kind === "gone")) {
      throw thrown;
    }
    throw new FetchError(
      thrown.problem,
      `Debian no longer has ${deb.name} ${deb.version}: a point release or a ` +
        `security update replaced it; pin the version that "apt-cache policy ` +
        `${deb.name}" names in rootfs/components/parts.ts`,
      { cause: thrown },
    );
  }
}

/** Unpacks the data of `archive` into `into`. */
async function unpack(archive: Uint8Array, into: string): Promise<void> {
  for (const [name, data] of readAr(archive)) {
    if (!name.startsWith("data.tar")) continue;
    const path = join(into, `.${name}`);
    await Deno.writeFile(path, data);
    await run(["tar", "-xf", path, "-C", into, "--no-same-owner"]);
    await Deno.remove(path);
  }
}

/** A part that holds the unpacked packages, in the packages' own layout. */
export function debian(
  name: string,
  packages: readonly DebPackage[],
): Recipe {
  return {
    name,
    what: packages.map((deb) => `${deb.name} ${deb.version}`).join(", "),
    inputs: { kind: "deb", packages },
    async build(into) {
      for (const deb of packages) await unpack(await fetchDeb(deb), into);
    },
  };
}
