/**
 * Reading small tar archives of others, whole in memory: every field that is
 * used is checked before anything leaves here. Pure; the layout is drawn in
 * header.ts.
 */
import { TAR_BLOCK_BYTES, TarError } from "./header.ts";

/** More members than these are refused. */
const MEMBERS_MAX = 1_024;

/** A regular file of an archive. */
export interface TarFile {
  /** As the archive has it: it may be anything, also `../../etc/passwd`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Regular files, as old and new archives mark them. */
const FILE_TYPES = ["0", "\0"];
/** Directories, and notes of newer formats about the next member or all. */
const SKIPPED_TYPES = ["5", "x", "g"];

const decoder = new TextDecoder("utf-8", { fatal: true });

function refuse(at: number, what: string): TarError {
  return new TarError(
    { kind: "tar", path: "" },
    `Cannot read the archive at byte ${at}: ${what}`,
  );
}

/** A field up to its NUL. */
function field(block: Uint8Array, at: number, length: number): Uint8Array {
  const bytes = block.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** A field of octal digits; NaN when it is another. */
function octal(block: Uint8Array, at: number, length: number): number {
  const digits = String.fromCharCode(...field(block, at, length)).trim();
  return /^[0-7]{1,11}$/.test(digits) ? parseInt(digits, 8) : NaN;
}

/** The sum is taken with its own field full of spaces. */
function sumOf(block: Uint8Array): number {
  return block.reduce(
    (sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte),
    0,
  );
}

function pathOf(block: Uint8Array, at: number): string {
  const text = (from: number, length: number) =>
    decoder.decode(field(block, from, length));
  try {
    const name = text(0, 100);
    // Elsewhere the old format of GNU has times.
    const prefix = text(257, 8) === "ustar" ? text(345, 155) : "";
    return prefix === "" ? name : `${prefix}/${name}`;
  } catch {
    throw refuse(at, "a name that is not UTF-8 text");
  }
}

/**
 * The regular files, in their order; links and devices are refused.
 *
 * @throws {TarError}
 */
export function readTar(archive: Uint8Array): TarFile[] {
  const files: TarFile[] = [];
  for (let at = 0, members = 0;; members++) {
    const block = archive.subarray(at, at + TAR_BLOCK_BYTES);
    if (block.length < TAR_BLOCK_BYTES) throw refuse(at, "it is cut short");
    if (block.every((byte) => byte === 0)) return files;
    if (members === MEMBERS_MAX) {
      throw refuse(at, `more than ${MEMBERS_MAX} members`);
    }
    if (octal(block, 148, 8) !== sumOf(block)) {
      throw refuse(at, "the checksum is wrong");
    }
    const size = octal(block, 124, 12);
    if (Number.isNaN(size)) throw refuse(at, "the size is no octal number");
    const begin = at + TAR_BLOCK_BYTES;
    if (size > archive.length - begin) throw refuse(at, "it is cut short");
    const type = String.fromCharCode(block[156]!);
    if (FILE_TYPES.includes(type)) {
      const path = pathOf(block, at);
      files.push({ path, bytes: archive.subarray(begin, begin + size) });
    } else if (!SKIPPED_TYPES.includes(type)) {
      throw refuse(at, "neither a file nor a directory");
    }
    at = begin + Math.ceil(size / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
  }
}
