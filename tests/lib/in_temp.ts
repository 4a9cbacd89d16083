/** A directory for one test. */

/** Gives `check` an empty directory that is gone afterwards. */
export async function inTemp(
  check: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await check(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
