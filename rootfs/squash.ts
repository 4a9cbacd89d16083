/**
 * mksquashfs, such that the same files give the same bytes: one owner, one
 * time, sorted names, no attributes. The base is compressed once (a minute of
 * both cores); the overlay is appended to a copy of it, which takes a second.
 */
import { join } from "@std/path";
import { run } from "#lib/command.ts";

/** How blocks are compressed; changing it rebuilds the base. */
export const COMPRESSION = ["-comp", "zstd", "-Xcompression-level", "19"];
const BLOCK = "256K";

const REPRODUCIBLE = [
  "-all-root",
  "-no-xattrs",
  "-no-exports",
  "-reproducible",
  "-mkfs-time",
  "0",
  "-all-time",
  "0",
  "-root-mode",
  "755",
];

async function tops(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) names.push(entry.name);
  return names.sort().map((name) => join(directory, name));
}

async function mksquashfs(image: string, from: string, more: string[]) {
  const argv = ["mksquashfs", ...await tops(from), image, ...more];
  // The environment's idea of time would contradict ours.
  await run(
    ["env", "-u", "SOURCE_DATE_EPOCH", ...argv, "-quiet", "-no-progress"],
    { nice: true },
  );
}

/** Writes the new image `image` from the tree `from`. */
export async function createImage(image: string, from: string): Promise<void> {
  const fresh = ["-noappend", "-keep-as-directory", "-b", BLOCK];
  await mksquashfs(image, from, [...fresh, ...COMPRESSION, ...REPRODUCIBLE]);
}

/**
 * Adds the tree `from` to the image `image`; no name at its top may be in the
 * image already.
 */
export async function appendImage(image: string, from: string): Promise<void> {
  await mksquashfs(image, from, ["-no-recovery", ...REPRODUCIBLE]);
}
