/**
 * What the kernel does for us, as interfaces by subject. Daemons take the
 * smallest that they need; `real.ts` is the kernel, `fake.ts` a pretend one.
 * Every method throws SysError when the kernel refuses, and none waits.
 */

/** One mount(2). */
export interface MountOptions {
  /** Device, directory or a name; `none` when absent. */
  readonly source?: string;
  readonly target: string;
  readonly fstype?: string;
  /** `MS_*` bits. */
  readonly flags?: number;
  /** Options of the file system, `size=10%,mode=0755`. */
  readonly data?: string;
}

/** Figures of a mounted file system; sizes in bytes. */
export interface FilesystemStats {
  /** `*_MAGIC` of linux/magic.h. */
  readonly type: number;
  readonly blockSizeBytes: number;
  readonly sizeBytes: number;
  readonly freeBytes: number;
  /** Free for those who are not root. */
  readonly availableBytes: number;
  readonly inodes: number;
  readonly freeInodes: number;
}

/** The mount table. */
export interface MountSys {
  mount(options: MountOptions): void;
  /** `flags` are `MNT_*` and `UMOUNT_NOFOLLOW`. */
  umount(target: string, flags?: number): void;
  pivotRoot(newRoot: string, putOld: string): void;
  chroot(path: string): void;
}

/** Files and file systems, as far as Deno cannot. */
export interface FilesystemSys {
  statfs(path: string): FilesystemStats;
  /** `mode` is type and permissions, `S_IFCHR | 0o600`. */
  mknod(path: string, mode: number, device: Device): void;
  /** Writes everything to the disks; waits on another thread. */
  sync(): Promise<void>;
  /** The same for the file system that holds `path`. */
  syncfs(path: string): Promise<void>;
}

/** Number of a device node. */
export interface Device {
  readonly major: number;
  readonly minor: number;
}

/** The end and the replacement of the system. */
export interface PowerSys {
  /** `LINUX_REBOOT_CMD_*`. In a pid namespace this ends its init. */
  reboot(command: number): void;
  /** Replaces this process; returns only by throwing. */
  execve(path: string, args: readonly string[], env: readonly string[]): never;
}

/** Names of the node in its uts namespace. */
export interface HostnameSys {
  setHostname(name: string): void;
  setDomainname(name: string): void;
}

/** What adjtimex(2) is told; absent fields are left as they are. */
export interface ClockAdjustment {
  /** Time to slew by. */
  readonly offsetNs?: number;
  /** Shift 10 (about 17 min) to 0; the larger, the slower the slew. */
  readonly timeConstant?: number;
  readonly maxErrorUs?: number;
  readonly estimatedErrorUs?: number;
  /** `STA_*`. */
  readonly status?: number;
}

/** The clock; on a node only timed touches it, in a container nobody. */
export interface ClockSys {
  /** Sets the wall clock to nanoseconds since 1970. */
  setTime(unixNs: bigint): void;
  /** Returns the clock's state, `TIME_ERROR` when it is not synchronised. */
  adjustTime(adjustment: ClockAdjustment): number;
}

/** A child that has ended and is not reaped. */
export interface ExitedChild {
  readonly pid: number;
  /** Of exit(3), for a child that was not killed. */
  readonly code?: number;
  /** That killed it. */
  readonly signal?: number;
}

/** Processes. */
export interface ProcessSys {
  /** `signal` 0 only asks whether the process is there. */
  kill(pid: number, signal: number): void;
  /** Some child that waits to be reaped, without reaping it. */
  peekExited(): ExitedChild | undefined;
  /** Reaps one child; false when it still runs or is no child. */
  reap(pid: number): boolean;
  /** Orphans below this process become its children. */
  setChildSubreaper(on: boolean): void;
}

/** Namespaces of the calling thread; other threads of Deno keep theirs. */
export interface NamespaceSys {
  /** Joins the namespace of `path`, as in /proc/PID/ns; `type` is `CLONE_NEW*`. */
  setns(path: string, type: number): void;
  unshare(flags: number): void;
}

/** A soft and a hard limit; `RLIM_INFINITY` is none. */
export interface ResourceLimit {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Limits of this process and of what it starts. */
export interface LimitSys {
  getrlimit(resource: number): ResourceLimit;
  setrlimit(resource: number, limit: ResourceLimit): void;
}

/** The kernel's log. */
export interface KernelLogSys {
  /** All that its ring holds, lines with their `<prio>`. */
  readKernelLog(): Uint8Array;
  /** Messages of a lower priority than `level` (1..8) leave the console alone. */
  setConsoleLevel(level: number): void;
}

/** A netlink socket; both directions are non-blocking. */
export interface NetlinkSocket {
  send(message: Uint8Array): void;
  /** One datagram, or undefined when none waits. */
  receive(): Uint8Array | undefined;
  close(): void;
}

/** Sockets that Deno does not have. */
export interface NetlinkSys {
  /** `protocol` is `NETLINK_*`, `groups` a bit mask of multicast groups. */
  openNetlink(protocol: number, groups?: number): NetlinkSocket;
}

/** Everything. */
export interface Sys
  extends
    MountSys,
    FilesystemSys,
    PowerSys,
    HostnameSys,
    ClockSys,
    ProcessSys,
    NamespaceSys,
    LimitSys,
    KernelLogSys,
    NetlinkSys {}
