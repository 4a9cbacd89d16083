/**
 * Replaces a small file as a whole: whoever opens it sees the old text or the
 * new, also after a crash. The new text is written beside it first, by default
 * as `<path>.new`, which takes permission for exactly that name too.
 */
import { dirname } from "@std/path";

/** How {@linkcode replaceFile} writes. */
export interface ReplaceOptions {
  /** 0644 unless it says otherwise, whatever the umask. */
  readonly mode?: number;
  /** Others may replace it at the same moment: the name beside it is random. */
  readonly shared?: boolean;
  /** It is on disk when the promise resolves; takes reading the directory. */
  readonly durable?: boolean;
  /** Where it is written first, in the same file system. */
  readonly beside?: string;
}

async function isSame(path: string, bytes: Uint8Array, mode: number) {
  try {
    const stat = await Deno.lstat(path);
    if (!stat.isFile || stat.size !== bytes.length) return false;
    if ((stat.mode! & 0o777) !== mode) return false;
    const before = await Deno.readFile(path);
    return before.every((byte, at) => byte === bytes[at]);
  } catch {
    return false;
  }
}

async function writeNew(path: string, bytes: Uint8Array, mode: number) {
  using file = await Deno.open(path, { write: true, createNew: true, mode });
  for (let rest = bytes; rest.length > 0;) {
    rest = rest.subarray(await file.write(rest));
  }
  // The umask took bits away.
  await Deno.chmod(path, mode);
  await file.sync();
}

/** Nothing is written when the file has these contents and mode already. */
export async function replaceFile(
  path: string,
  contents: string | Uint8Array,
  options: ReplaceOptions = {},
): Promise<void> {
  const { mode = 0o644, shared = false, durable = false } = options;
  const bytes = typeof contents === "string"
    ? new TextEncoder().encode(contents)
    : contents;
  if (await isSame(path, bytes, mode)) return;
  const beside = options.beside ??
    (shared ? `${path}.${crypto.randomUUID()}.new` : `${path}.new`);
  // Left by a crash, perhaps with another mode.
  if (!shared) await Deno.remove(beside).catch(() => {});
  try {
    await writeNew(beside, bytes, mode);
    await Deno.rename(beside, path);
  } catch (thrown) {
    await Deno.remove(beside).catch(() => {});
    throw thrown;
  }
  if (!durable) return;
  using directory = await Deno.open(dirname(path));
  await directory.sync();
}
