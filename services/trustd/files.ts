/**
 * The files that a peer with the token may read or write, as a list. Every
 * other path is refused by name, before anything is looked at. A write is
 * whole or not at all.
 */
import { open } from "node:fs/promises";
import { constants } from "node:fs";
import { AgentError } from "#lib/errors.ts";
import { replaceFile } from "#lib/replace_file.ts";

/** One file of the list. */
export interface SharedFile {
  readonly path: string;
  readonly access: "read" | "read and write";
  readonly maxBytes: number;
}

/**
 * Peers of the seed era know the calls but use no file. So: what the system
 * is, and one place to leave something for other nodes, in memory, which no
 * daemon of ours reads.
 */
export const SHARED_FILES: readonly SharedFile[] = [
  { path: "/etc/os-release", access: "read", maxBytes: 16 << 10 },
  {
    path: "/system/run/trustd/handover",
    access: "read and write",
    maxBytes: 64 << 10,
  },
];

/** A path that is not on the list, or more than fits. */
export class FileError
  extends AgentError<{ readonly kind: "denied" | "toolarge" | "notFound" }> {
  override name = "FileError";
}

function find(
  files: readonly SharedFile[],
  path: string,
  action: "read" | "write",
): SharedFile {
  const file = files.find((one) => one.path === path);
  if (file && (action === "read" || file.access === "read and write")) {
    return file;
  }
  const shown = path.slice(0, 256);
  throw new FileError(
    { kind: "denied" },
    `Cannot ${action} "${shown}": it is not a shared file`,
  );
}

/** Reads a file of the list. */
export async function readShared(
  path: string,
  files: readonly SharedFile[] = SHARED_FILES,
): Promise<Uint8Array> {
  const file = find(files, path, "read");
  const handle = await open(
    file.path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  ).catch(() => {
    throw new FileError(
      { kind: "notFound" },
      `Cannot read "${path}": it is not there`,
    );
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile() || stat.size > file.maxBytes) {
      throw new FileError(
        { kind: "toolarge" },
        `Cannot read "${path}": no file of at most ${file.maxBytes} bytes`,
      );
    }
    // One byte more than may be: a file that grew meanwhile is cut, not read.
    const buffer = new Uint8Array(file.maxBytes);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What a peer may say of the mode: reading and writing, nothing else. */
const MODE_MASK = 0o666;
const MODE_DEFAULT = 0o600;

/** What {@linkcode writeShared} writes. */
export interface SharedWrite {
  readonly path: string;
  readonly data: Uint8Array;
  readonly perm: number;
}

/** Replaces a file of the list: written aside, on disk, then renamed. */
export async function writeShared(
  { path, data, perm }: SharedWrite,
  files: readonly SharedFile[] = SHARED_FILES,
): Promise<void> {
  const file = find(files, path, "write");
  if (data.length > file.maxBytes) {
    throw new FileError(
      { kind: "toolarge" },
      `Cannot write "${path}": more than ${file.maxBytes} bytes`,
    );
  }
  const mode = (perm & MODE_MASK) || MODE_DEFAULT;
  await replaceFile(file.path, data, { mode, shared: true, durable: true });
}
