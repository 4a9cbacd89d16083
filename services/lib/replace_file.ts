/**
 * Replaces a file as a whole: whoever opens it sees the old text or the new,
 * also after a crash. The new text is written beside it first, by default
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

/** What is written: all at once, or as it comes. */
export type Contents = string | Uint8Array | AsyncIterable<Uint8Array>;

type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

async function writeNew(path: string, pieces: Pieces, mode: number) {
  using file = await Deno.open(path, { write: true, createNew: true, mode });
  for await (const piece of pieces) {
    for (let rest = piece; rest.length > 0;) {
      rest = rest.subarray(await file.write(rest));
    }
  }
  // The umask took bits away.
  await Deno.chmod(path, mode);
  await file.sync();
}

/**
 * Nothing is written when the file has these contents and mode already. What
 * comes in pieces is not compared; the file stays as it is when they fail.
 */
export async function replaceFile(
  path: string,
  contents: Contents,
  options: ReplaceOptions = {},
): Promise<void> {
  const { mode = 0o644, shared = false, durable = false } = options;
  const bytes = typeof contents === "string"
    ? new TextEncoder().encode(contents)
    : contents;
  const whole = bytes instanceof Uint8Array;
  if (whole && await isSame(path, bytes, mode)) return;
  const beside = options.beside ??
    (shared ? `${path}.${crypto.randomUUID()}.new` : `${path}.new`);
  // Left by a crash, perhaps with another mode.
  if (!shared) await Deno.remove(beside).catch(() => {});
  try {
    await writeNew(beside, whole ? [bytes] : bytes, mode);
    await Deno.rename(beside, path);
  } catch (thrown) {
    await Deno.remove(beside).catch(() => {});
    throw thrown;
  }
  if (durable) await syncPath(dirname(path));
}

/** What was written to a file, or renamed in a directory, is on disk. */
export async function syncPath(path: string): Promise<void> {
  using opened = await Deno.open(path);
  await opened.sync();
}
