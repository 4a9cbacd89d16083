/** Putting files of the cache where they are used. */

/** Replaces `to` in one step; a running program keeps the old file. */
export async function place(
  to: string,
  write: (path: string) => Promise<void>,
): Promise<void> {
  const temporary = `${to}.new`;
  await Deno.remove(temporary).catch(() => {});
  await write(temporary);
  await Deno.rename(temporary, to);
  // Renaming one link of a file onto another does nothing at all.
  await Deno.remove(temporary).catch(() => {});
}

/** A hard link where the cache is on the same file system, else a copy. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await Deno.link(from, to).catch(() => Deno.copyFile(from, to));
}
