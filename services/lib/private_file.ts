/** A file of the user with secrets: read within a limit, replaced as a whole. */
import { dirname } from "@std/path";
import { concatBytes } from "./bytes.ts";
import { replaceFile } from "./replace_file.ts";

const READ_BYTES = 64 << 10;

/**
 * The bytes of `path`, undefined when it does not exist. Of a file that is too
 * large, which its decoder refuses, more than `maxBytes` but not all.
 */
export async function readPrivateFile(
  path: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
  using _file = file;
  const pieces: Uint8Array[] = [];
  for (let size = 0; size <= maxBytes;) {
    const piece = new Uint8Array(READ_BYTES);
    const read = await file.read(piece);
    if (read === null) break;
    pieces.push(piece.subarray(0, read));
    size += read;
  }
  return concatBytes(pieces);
}

/** Writes `path` (0600, its directory 0700) so that a crash loses nothing. */
export async function writePrivateFile(
  path: string,
  text: string,
): Promise<void> {
  // A link stays a link: its target is what is replaced.
  const target = await Deno.realPath(path).catch(() => path);
  await Deno.mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await replaceFile(target, text, {
    mode: 0o600,
    shared: true,
    durable: true,
  });
}
