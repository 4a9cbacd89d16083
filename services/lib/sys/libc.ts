/**
 * The only door to libc: the prototypes of what we call, and the library,
 * opened on first use. Nothing outside services/lib/sys calls this.
 *
 * Every symbol that sets errno is synchronous: errno belongs to the thread,
 * and a `nonblocking` symbol runs on another. That makes each of them a call
 * that must not wait: sockets are non-blocking, waits have WNOHANG.
 *
 * Structs are passed as bytes. No symbol takes an address that we computed,
 * except execve: so a permission for the path of libc is enough (Deno wants
 * `ffi` without a path for UnsafePointer and its views).
 */
import { LIBC_PATHS } from "../paths.ts";
import { SysError } from "./errno.ts";

const SYMBOLS = {
  // int socket(int domain, int type, int protocol)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int fd, const struct sockaddr *addr, socklen_t len)
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int setsockopt(int fd, int level, int name, const void *value, socklen_t)
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  // ssize_t send(int fd, const void *buf, size_t len, int flags)
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  // ssize_t recv(int fd, void *buf, size_t len, int flags)
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  // int open(const char *path, int flags, mode_t mode)
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },

  // int mount(const char *source, const char *target, const char *fstype,
  //           unsigned long flags, const void *data)
  mount: {
    parameters: ["buffer", "buffer", "buffer", "u64", "buffer"],
    result: "i32",
  },
  // int umount2(const char *target, int flags)
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  // int chroot(const char *path)
  chroot: { parameters: ["buffer"], result: "i32" },
  // int chdir(const char *path)
  chdir: { parameters: ["buffer"], result: "i32" },
  // long syscall(long number, ...): pivot_root has no wrapper in glibc
  syscall: { parameters: ["i64", "buffer", "buffer"], result: "i64" },
  // int statfs(const char *path, struct statfs *buf)
  statfs: { parameters: ["buffer", "buffer"], result: "i32" },
  // int mknod(const char *path, mode_t mode, dev_t dev)
  mknod: { parameters: ["buffer", "u32", "u64"], result: "i32" },
  // void sync(void): waits for disks and has no errno, so it may be elsewhere
  sync: { parameters: [], result: "void", nonblocking: true },
  // int syncfs(int fd)
  syncfs: { parameters: ["i32"], result: "i32", nonblocking: true },

  // int reboot(int command)
  reboot: { parameters: ["u32"], result: "i32" },
  // int malloc_trim(size_t pad)
  malloc_trim: { parameters: ["usize"], result: "i32" },
  // int sethostname(const char *name, size_t len)
  sethostname: { parameters: ["buffer", "usize"], result: "i32" },
  // int setdomainname(const char *name, size_t len)
  setdomainname: { parameters: ["buffer", "usize"], result: "i32" },
  // int klogctl(int type, char *buf, int len)
  klogctl: { parameters: ["i32", "buffer", "i32"], result: "i32" },

  // int clock_settime(clockid_t clock, const struct timespec *time)
  clock_settime: { parameters: ["i32", "buffer"], result: "i32" },
  // int adjtimex(struct timex *buf)
  adjtimex: { parameters: ["buffer"], result: "i32" },

  // int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
  waitid: { parameters: ["i32", "u32", "buffer", "i32"], result: "i32" },
  // pid_t waitpid(pid_t pid, int *status, int options)
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // int kill(pid_t pid, int signal)
  kill: { parameters: ["i32", "i32"], result: "i32" },
  // int prctl(int option, unsigned long arg2, ... arg5)
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  // int setns(int fd, int type)
  setns: { parameters: ["i32", "i32"], result: "i32" },
  // int unshare(int flags)
  unshare: { parameters: ["i32"], result: "i32" },
  // int getrlimit(int resource, struct rlimit *limit)
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int setrlimit(int resource, const struct rlimit *limit)
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int execve(const char *path, char *const argv[], char *const envp[])
  execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },

  // int *__errno_location(void)
  __errno_location: { parameters: [], result: "pointer" },
  // void *memcpy(void *to, const void *from, size_t n): reads errno's cell
  memcpy: { parameters: ["buffer", "pointer", "usize"], result: "pointer" },
} satisfies Deno.ForeignLibraryInterface;

/** The functions of libc, by name. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Libc | undefined;

/**
 * libc, opened the first time; later calls return the same.
 *
 * @throws {Deno.errors.NotCapable} without `ffi` permission for a path of it.
 */
export function libc(): Libc {
  if (opened !== undefined) return opened;
  let refused: unknown;
  // The loader knows a file by its inode: this is the libc that Deno itself
  // runs on, not a second copy.
  for (const path of LIBC_PATHS) {
    try {
      return opened = Deno.dlopen(path, SYMBOLS).symbols;
    } catch (thrown) {
      // A path that is not there says less than one that is not allowed.
      if (thrown instanceof Deno.errors.NotCapable || refused === undefined) {
        refused = thrown;
      }
    }
  }
  throw refused;
}

const cell = new Int32Array(1);

/**
 * errno of the call just made on this thread. No call, await or allocation
 * of ours may come between the call and this.
 */
export function lastErrno(): number {
  const { __errno_location, memcpy } = libc();
  memcpy(cell, __errno_location(), 4n);
  return cell[0]!;
}

/** Names a call for its error: the syscall, a path, and what it was to do. */
export interface Attempt {
  readonly syscall: string;
  readonly path?: string;
  /** Completes "Cannot ...". */
  readonly action?: string;
}

/**
 * Returns `result` unless it is negative.
 *
 * @throws {SysError} with the errno of the call just made.
 */
export function checked(result: number, attempt: Attempt): number {
  if (result >= 0) return result;
  const errno = lastErrno();
  const { syscall, path, action } = attempt;
  throw new SysError(
    { syscall, errno, ...(path === undefined ? {} : { path }) },
    action,
  );
}
