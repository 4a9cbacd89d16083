/**
 * Files and file systems, as far as Deno cannot.
 *
 * ```
 * struct statfs (120 bytes, 64-bit)   0 type   8 bsize  16 blocks  24 bfree
 *  32 bavail  40 files  48 ffree  56 fsid  64 namelen  72 frsize  80 flags
 * ```
 */
import { cString, viewOf } from "./buffer.ts";
import * as k from "./constants.ts";
import { ERRNO, SysError } from "./errno.ts";
import { checked, libc } from "./libc.ts";
import type { Device, FilesystemStats } from "./sys.ts";

const STATFS_BYTES = 120;

/** statfs(2). */
export function statfs(path: string): FilesystemStats {
  const buffer = new Uint8Array(STATFS_BYTES);
  const cPath = cString(path);
  checked(libc().statfs(cPath, buffer), {
    syscall: "statfs",
    path,
    action: `read the figures of ${JSON.stringify(path)}`,
  });
  return decodeStatfs(buffer);
}

/** The figures in a `struct statfs`. */
export function decodeStatfs(buffer: Uint8Array): FilesystemStats {
  const view = viewOf(buffer);
  const word = (at: number) => Number(view.getBigUint64(at, true));
  // Blocks count in fragments where a file system has them.
  const unit = word(72) || word(8);
  return {
    type: word(0),
    blockSizeBytes: word(8),
    sizeBytes: word(16) * unit,
    freeBytes: word(24) * unit,
    availableBytes: word(32) * unit,
    inodes: word(40),
    freeInodes: word(48),
  };
}

/** makedev(3) of glibc. */
export function deviceNumber({ major, minor }: Device): bigint {
  const [ma, mi] = [BigInt(major), BigInt(minor)];
  return (mi & 0xffn) | (ma & 0xfffn) << 8n | (mi & ~0xffn) << 12n |
    (ma & ~0xfffn) << 32n;
}

/** mknod(2). */
export function mknod(path: string, mode: number, device: Device): void {
  const cPath = cString(path);
  checked(libc().mknod(cPath, mode, deviceNumber(device)), {
    syscall: "mknod",
    path,
    action: `make the device node ${JSON.stringify(path)}`,
  });
}

/** sync(2), on another thread. */
export async function sync(): Promise<void> {
  await libc().sync();
}

/** syncfs(2), on another thread: errno is lost there, EIO stands for it. */
export async function syncfs(path: string): Promise<void> {
  const fd = openFile(path);
  try {
    if (await libc().syncfs(fd) < 0) {
      throw new SysError({ syscall: "syncfs", errno: ERRNO.EIO, path });
    }
  } finally {
    closeFile(fd);
  }
}

/** open(2) read-only; the descriptor is not one of Deno's. */
export function openFile(path: string): number {
  const cPath = cString(path);
  return checked(
    libc().open(cPath, k.O_RDONLY | k.O_CLOEXEC | k.O_NONBLOCK, 0),
    {
      syscall: "open",
      path,
      action: `open ${JSON.stringify(path)}`,
    },
  );
}

/** close(2); an error of it has nobody who could act on it. */
export function closeFile(fd: number): void {
  libc().close(fd);
}
