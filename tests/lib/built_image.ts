/** The image that was built, as it is and as copies that a test may spoil. */
import { basename, dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { imagePaths, PUBLIC_KEYS } from "#lib/image/files.ts";
import { IMAGE_NAME } from "#lib/paths.ts";

const OUT = join(dirname(fileURLToPath(import.meta.url)), "../../_out");

/** What `deno task image` wrote. */
export const BUILT = {
  image: join(OUT, IMAGE_NAME),
  keys: join(OUT, PUBLIC_KEYS),
};

/** Copies it with all that proves it into the directory `dir`. */
export async function copyImage(dir: string): Promise<typeof BUILT> {
  const all = [...Object.values(imagePaths(BUILT.image)), BUILT.keys];
  const place = (path: string) => join(dir, basename(path));
  for (const path of all) await Deno.copyFile(path, place(path));
  return { image: place(BUILT.image), keys: place(BUILT.keys) };
}

/** Flips the bits of one byte of a file, in place. */
export async function flipByte(path: string, at: number): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  const byte = new Uint8Array(1);
  await file.seek(at, Deno.SeekMode.Start);
  await file.read(byte);
  byte[0]! ^= 0xff;
  await file.seek(at, Deno.SeekMode.Start);
  await file.write(byte);
}
