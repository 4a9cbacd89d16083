/**
 * Replaces a small file as a whole: whoever opens it sees the old text or the
 * new, also after a crash. The new text is written as `<path>.new` beside it,
 * which takes permission for exactly that name too.
 */

/** Nothing is written when the file has `text` already. */
export async function replaceFile(
  path: string,
  text: string,
  options: { readonly mode?: number } = {},
): Promise<void> {
  const before = await Deno.readTextFile(path).catch(() => undefined);
  if (before === text) return;
  const beside = `${path}.new`;
  const { mode = 0o644 } = options;
  // Left by a crash, perhaps with another mode.
  await Deno.remove(beside).catch(() => {});
  try {
    using file = await Deno.open(beside, {
      write: true,
      createNew: true,
      mode,
    });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
    await file.sync();
    await Deno.rename(beside, path);
  } catch (thrown) {
    await Deno.remove(beside).catch(() => {});
    throw thrown;
  }
}
