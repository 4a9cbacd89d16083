/**
 * Writing tar archives: headers in the ustar format of POSIX.1-1988, owner
 * root, time 0. Pure.
 *
 *     name[100] mode[8] uid[8] gid[8] size[12] mtime[12] chksum[8] type[1]
 *     linkname[100] "ustar\0" "00" uname[32] gname[32] major[8] minor[8]
 *     prefix[155] pad[12]
 */
import { concatBytes } from "../bytes.ts";
import { AgentError } from "../errors.ts";

/** What the format, or our use of it, has no room for or does not allow. */
export class TarError extends AgentError<{ kind: "tar"; path: string }> {}

/** One member of an archive; `path` is absolute. */
export type TarMember =
  & { readonly path: string }
  & (
    | { readonly kind: "dir"; readonly mode: number }
    | {
      readonly kind: "file";
      readonly mode: number;
      readonly sizeBytes: number;
    }
    | { readonly kind: "symlink"; readonly target: string }
  );

/** Archives consist of these. */
export const TAR_BLOCK_BYTES = 512;
/** Two empty blocks end an archive. */
export const TAR_END = new Uint8Array(2 * TAR_BLOCK_BYTES);

const NAME_BYTES = 100;
/** Eleven octal digits. */
const SIZE_MAX = 8 ** 11 - 1;

const TYPES = { file: "0", symlink: "2", dir: "5" } as const;

/** How many zeros follow the contents of a file. */
export function tarPadding(sizeBytes: number): number {
  return (TAR_BLOCK_BYTES - sizeBytes % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES;
}

function nameBytes(path: string, name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length <= NAME_BYTES && bytes.length > 0) return bytes;
  throw new TarError(
    { kind: "tar", path },
    `Cannot archive "${path}": a name of ${bytes.length} bytes, at most ${NAME_BYTES} fit`,
  );
}

/** A whole file as a member: header, contents, zeros. */
export function tarFile(
  { path, mode }: { readonly path: string; readonly mode: number },
  bytes: Uint8Array,
): Uint8Array {
  const sizeBytes = bytes.length;
  return concatBytes([
    tarHeader({ path, kind: "file", mode, sizeBytes }),
    ...[bytes, new Uint8Array(tarPadding(sizeBytes))],
  ]);
}

/** The header of `member`, one block; a file's contents follow it. */
export function tarHeader(member: TarMember): Uint8Array {
  const { path, kind } = member;
  const size = kind === "file" ? member.sizeBytes : 0;
  if (size > SIZE_MAX) {
    throw new TarError(
      { kind: "tar", path },
      `Cannot archive "${path}": ${size} bytes, at most ${SIZE_MAX} fit`,
    );
  }
  const block = new Uint8Array(TAR_BLOCK_BYTES);
  const put = (at: number, text: string) =>
    block.set(new TextEncoder().encode(text), at);
  const octal = (at: number, digits: number, value: number) =>
    put(at, value.toString(8).padStart(digits, "0"));
  const name = path.replace(/^\/+/, "") + (kind === "dir" ? "/" : "");
  block.set(nameBytes(path, name), 0);
  octal(100, 7, kind === "symlink" ? 0o777 : member.mode);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, size);
  octal(136, 11, 0);
  // The sum is taken with the field of the sum full of spaces.
  put(148, " ".repeat(8));
  put(156, TYPES[kind]);
  if (kind === "symlink") block.set(nameBytes(path, member.target), 157);
  put(257, "ustar\0" + "00");
  octal(329, 7, 0);
  octal(337, 7, 0);
  octal(148, 6, block.reduce((sum, byte) => sum + byte, 0));
  put(154, "\0 ");
  return block;
}
