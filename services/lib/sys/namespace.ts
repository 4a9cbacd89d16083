/**
 * Namespaces. Both calls are about the calling thread only: what Deno does on
 * its other threads (files, DNS) stays where it was. The kernel refuses user
 * and mount namespaces to a process with threads (EINVAL).
 */
import { closeFile, openFile } from "./filesystem.ts";
import { checked, libc } from "./libc.ts";

/** setns(2) into the namespace that `path` names. */
export function setns(path: string, type: number): void {
  const fd = openFile(path);
  try {
    checked(libc().setns(fd, type), {
      syscall: "setns",
      path,
      action: `join the namespace ${JSON.stringify(path)}`,
    });
  } finally {
    closeFile(fd);
  }
}

/** unshare(2). */
export function unshare(flags: number): void {
  checked(libc().unshare(flags), {
    syscall: "unshare",
    action: `unshare 0x${flags.toString(16)}`,
  });
}
