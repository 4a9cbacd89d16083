/** Unix sockets that daemons listen on. */
import { lstat, mkdir, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes the directory of `path` (0700) and unlinks a socket that nobody
 * removed; anything else in its place stays, and listening will fail.
 */
export async function prepareSocket(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket()) await unlink(path);
}
