/**
 * A pretend kernel for tests: it keeps a mount table, processes, names,
 * limits and a clock, notes every call, and refuses on demand.
 */
import * as k from "./constants.ts";
import { ERRNO, type ErrnoName, SysError } from "./errno.ts";
import type {
  ClockAdjustment,
  Device,
  ExitedChild,
  FilesystemStats,
  MountOptions,
  NetlinkSocket,
  ResourceLimit,
  Sys,
} from "./sys.ts";

/** Answers one netlink message with datagrams. */
export type NetlinkResponder = (message: Uint8Array) => Uint8Array[];

/** Figures of any path that the test did not give others. */
const SOME_STATS: FilesystemStats = {
  type: k.TMPFS_MAGIC,
  blockSizeBytes: 4096,
  sizeBytes: 1 << 30,
  freeBytes: 1 << 29,
  availableBytes: 1 << 29,
  inodes: 1 << 16,
  freeInodes: 1 << 15,
};

/** The kernel of a test. Its public fields are the state to set and look at. */
export class FakeSys implements Sys {
  /** Every call in order, `mount tmpfs on /run`. */
  readonly calls: string[] = [];
  /** What is mounted, newest last. */
  readonly mounts: MountOptions[] = [];
  readonly stats = new Map<string, FilesystemStats>();
  readonly nodes = new Map<string, { mode: number; device: Device }>();
  root = "/";
  hostname = "";
  domainname = "";
  unixNs = 0n;
  readonly adjustments: ClockAdjustment[] = [];
  /** What adjtimex answers. */
  clockState = 0;
  /** Pids that kill finds. */
  readonly running = new Set<number>([1]);
  readonly signals: { pid: number; signal: number }[] = [];
  /** Children that wait to be reaped, oldest first. */
  readonly exited: ExitedChild[] = [];
  subreaper = false;
  readonly namespaces: { path: string; type: number }[] = [];
  unshared = 0;
  readonly limits = new Map<number, ResourceLimit>();
  kernelLog: Uint8Array = new Uint8Array();
  consoleLevel = 7;
  rebootCommand: number | undefined;
  executed: { path: string; args: string[]; env: string[] } | undefined;
  netlink: NetlinkResponder = () => [];
  openSockets = 0;
  readonly #failures: { syscall: string; errno: number; times: number }[] = [];

  /** The next `times` calls of `syscall` fail with `name`. */
  fail(syscall: string, name: ErrnoName, times = 1): void {
    this.#failures.push({ syscall, errno: ERRNO[name], times });
  }

  #enter(syscall: string, path?: string, detail = path ?? ""): void {
    this.calls.push(detail === "" ? syscall : `${syscall} ${detail}`);
    const failure = this.#failures.find((f) =>
      f.syscall === syscall && f.times > 0
    );
    if (failure === undefined) return;
    failure.times--;
    this.#refuse(syscall, failure.errno, path);
  }

  #refuse(syscall: string, errno: number, path?: string): never {
    throw new SysError({
      syscall,
      errno,
      ...(path === undefined ? {} : { path }),
    });
  }

  mount(options: MountOptions): void {
    const { source = "none", target, fstype, flags = 0 } = options;
    this.#enter("mount", target, `${fstype ?? source} on ${target}`);
    const at = this.mounts.findLastIndex((m) => m.target === target);
    if (flags & k.MS_REMOUNT) {
      if (at < 0) this.#refuse("mount", ERRNO.EINVAL, target);
      this.mounts[at] = { ...this.mounts[at]!, flags: flags & ~k.MS_REMOUNT };
      return;
    }
    const propagation = k.MS_PRIVATE | k.MS_SLAVE | k.MS_SHARED |
      k.MS_UNBINDABLE;
    if (flags & propagation) return;
    if (flags & k.MS_MOVE) {
      const from = this.mounts.findLastIndex((m) => m.target === source);
      if (from < 0) this.#refuse("mount", ERRNO.EINVAL, target);
      this.mounts[from] = { ...this.mounts[from]!, target };
      return;
    }
    this.mounts.push(options);
  }

  umount(target: string, _flags = 0): void {
    this.#enter("umount2", target);
    const at = this.mounts.findLastIndex((m) => m.target === target);
    if (at < 0) this.#refuse("umount2", ERRNO.EINVAL, target);
    this.mounts.splice(at, 1);
  }

  pivotRoot(newRoot: string, putOld: string): void {
    this.#enter("pivot_root", newRoot, `${newRoot} ${putOld}`);
    this.root = newRoot;
  }

  chroot(path: string): void {
    this.#enter("chroot", path);
    this.root = path;
  }

  statfs(path: string): FilesystemStats {
    this.#enter("statfs", path);
    return this.stats.get(path) ?? SOME_STATS;
  }

  mknod(path: string, mode: number, device: Device): void {
    this.#enter("mknod", path);
    if (this.nodes.has(path)) this.#refuse("mknod", ERRNO.EEXIST, path);
    this.nodes.set(path, { mode, device });
  }

  // deno-lint-ignore require-await
  async sync(): Promise<void> {
    this.#enter("sync");
  }

  // deno-lint-ignore require-await
  async syncfs(path: string): Promise<void> {
    this.#enter("syncfs", path);
  }

  reboot(command: number): void {
    this.#enter("reboot", undefined, `0x${command.toString(16)}`);
    this.rebootCommand = command;
  }

  /** A fake cannot disappear: it throws what a test can catch. */
  execve(path: string, args: readonly string[], env: readonly string[]): never {
    this.#enter("execve", path);
    this.executed = { path, args: [...args], env: [...env] };
    throw new Error(`executed ${path}`);
  }

  setHostname(name: string): void {
    this.#enter("sethostname", undefined, name);
    if (name.length > 64) this.#refuse("sethostname", ERRNO.EINVAL);
    this.hostname = name;
  }

  setDomainname(name: string): void {
    this.#enter("setdomainname", undefined, name);
    if (name.length > 64) this.#refuse("setdomainname", ERRNO.EINVAL);
    this.domainname = name;
  }

  setTime(unixNs: bigint): void {
    this.#enter("clock_settime");
    this.unixNs = unixNs;
  }

  adjustTime(adjustment: ClockAdjustment): number {
    this.#enter("adjtimex");
    this.adjustments.push(adjustment);
    return this.clockState;
  }

  kill(pid: number, signal: number): void {
    this.#enter("kill", undefined, `${pid} ${signal}`);
    if (!this.running.has(pid)) this.#refuse("kill", ERRNO.ESRCH);
    if (signal !== 0) this.signals.push({ pid, signal });
  }

  peekExited(): ExitedChild | undefined {
    this.#enter("waitid");
    return this.exited[0];
  }

  reap(pid: number): boolean {
    this.#enter("waitpid", undefined, `${pid}`);
    const at = this.exited.findIndex((child) => child.pid === pid);
    if (at < 0) return false;
    this.exited.splice(at, 1);
    return true;
  }

  setChildSubreaper(on: boolean): void {
    this.#enter("prctl");
    this.subreaper = on;
  }

  setns(path: string, type: number): void {
    this.#enter("setns", path);
    this.namespaces.push({ path, type });
  }

  unshare(flags: number): void {
    this.#enter("unshare", undefined, `0x${flags.toString(16)}`);
    this.unshared |= flags;
  }

  getrlimit(resource: number): ResourceLimit {
    this.#enter("getrlimit", undefined, `${resource}`);
    return this.limits.get(resource) ?? { soft: 1024n, hard: 4096n };
  }

  setrlimit(resource: number, limit: ResourceLimit): void {
    this.#enter("setrlimit", undefined, `${resource}`);
    if (limit.soft > limit.hard) this.#refuse("setrlimit", ERRNO.EINVAL);
    this.limits.set(resource, limit);
  }

  readKernelLog(): Uint8Array {
    this.#enter("syslog");
    return this.kernelLog;
  }

  setConsoleLevel(level: number): void {
    this.#enter("syslog", undefined, `console ${level}`);
    this.consoleLevel = level;
  }

  openNetlink(protocol: number, _groups = 0): NetlinkSocket {
    this.#enter("socket", undefined, `netlink ${protocol}`);
    this.openSockets++;
    const waiting: Uint8Array[] = [];
    let open = true;
    return {
      send: (message) => {
        this.#enter("send");
        waiting.push(...this.netlink(message));
      },
      receive: () => waiting.shift(),
      close: () => {
        if (open) this.openSockets--;
        open = false;
      },
    };
  }
}
