/**
 * The mount table: wrappers of mount(2) and its relatives, and mounts as
 * values that can be listed, printed and tried on a fake.
 */
import { cString } from "./buffer.ts";
import * as k from "./constants.ts";
import { checked, libc } from "./libc.ts";
import type { MountOptions, MountSys } from "./sys.ts";

// pivot_root has no function in glibc.
const SYS_pivot_root = { x86_64: 155, aarch64: 41 } as const;

const quote = JSON.stringify;

/** mount(2). */
export function mount(options: MountOptions): void {
  const { source = "none", target, fstype, flags = 0, data } = options;
  const cSource = cString(source), cTarget = cString(target);
  const cType = fstype === undefined ? null : cString(fstype);
  const cData = data === undefined ? null : cString(data);
  checked(libc().mount(cSource, cTarget, cType, BigInt(flags), cData), {
    syscall: "mount",
    path: target,
    action: `mount ${quote(source)} on ${quote(target)}`,
  });
}

/** umount2(2). */
export function umount(target: string, flags = 0): void {
  const cTarget = cString(target);
  checked(libc().umount2(cTarget, flags), {
    syscall: "umount2",
    path: target,
    action: `unmount ${quote(target)}`,
  });
}

/** pivot_root(2). */
export function pivotRoot(newRoot: string, putOld: string): void {
  const number = SYS_pivot_root[Deno.build.arch];
  const cNew = cString(newRoot), cOld = cString(putOld);
  checked(Number(libc().syscall(BigInt(number), cNew, cOld)), {
    syscall: "pivot_root",
    path: newRoot,
    action: `make ${quote(newRoot)} the root`,
  });
}

/** chroot(2) and chdir(2) to it, so that the old root is out of reach. */
export function chroot(path: string): void {
  const cPath = cString(path);
  checked(libc().chroot(cPath), { syscall: "chroot", path });
  const cSlash = cString("/");
  checked(libc().chdir(cSlash), { syscall: "chdir", path: "/" });
}

/** One line of a list of mounts. */
export class Mount {
  readonly options: MountOptions;

  constructor(options: MountOptions) {
    this.options = options;
  }

  /**
   * Mounts it. A read-only bind takes two calls: the kernel ignores every
   * other flag of the call that binds. What a recursive bind brings along
   * below its top keeps its own flags.
   */
  apply(sys: MountSys): void {
    const { flags = 0, ...rest } = this.options;
    const bind = flags & (k.MS_BIND | k.MS_REC);
    if (!(flags & k.MS_BIND) || flags & k.MS_REMOUNT || bind === flags) {
      sys.mount(this.options);
      return;
    }
    sys.mount({ ...rest, flags: bind });
    try {
      sys.mount({ ...rest, flags: flags & ~k.MS_REC | k.MS_REMOUNT });
    } catch (thrown) {
      // A bind that is wider than asked for must not stay.
      sys.umount(this.options.target, k.MNT_DETACH);
      throw thrown;
    }
  }

  /** Takes it away again. */
  undo(sys: MountSys, flags = 0): void {
    sys.umount(this.options.target, flags | k.UMOUNT_NOFOLLOW);
  }

  /** `tmpfs on /run (nosuid,nodev) size=10%`. */
  describe(): string {
    const { source, target, fstype, flags = 0, data } = this.options;
    const names = flagNames(flags);
    const what = fstype !== undefined && source !== undefined &&
        source !== fstype
      ? `${fstype} ${source}`
      : fstype ?? source ?? "none";
    return `${what} on ${target}` +
      (names.length === 0 ? "" : ` (${names.join(",")})`) +
      (data === undefined ? "" : ` ${data}`);
  }
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [k.MS_RDONLY, "ro"],
  [k.MS_NOSUID, "nosuid"],
  [k.MS_NODEV, "nodev"],
  [k.MS_NOEXEC, "noexec"],
  [k.MS_SYNCHRONOUS, "sync"],
  [k.MS_REMOUNT, "remount"],
  [k.MS_NOATIME, "noatime"],
  [k.MS_NODIRATIME, "nodiratime"],
  [k.MS_BIND, "bind"],
  [k.MS_MOVE, "move"],
  [k.MS_REC, "rec"],
  [k.MS_SILENT, "silent"],
  [k.MS_UNBINDABLE, "unbindable"],
  [k.MS_PRIVATE, "private"],
  [k.MS_SLAVE, "slave"],
  [k.MS_SHARED, "shared"],
  [k.MS_RELATIME, "relatime"],
  [k.MS_I_VERSION, "iversion"],
  [k.MS_STRICTATIME, "strictatime"],
];

function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter(([bit]) => flags & bit).map(([, name]) => name);
}
