/**
 * Constants of the kernel's user interface, with the kernel's names, sorted
 * by header. Only what the project uses.
 */

// linux/mount.h, sys/mount.h
export const MS_RDONLY = 0x1;
export const MS_NOSUID = 0x2;
export const MS_NODEV = 0x4;
export const MS_NOEXEC = 0x8;
export const MS_SYNCHRONOUS = 0x10;
export const MS_REMOUNT = 0x20;
export const MS_NOATIME = 0x400;
export const MS_NODIRATIME = 0x800;
export const MS_BIND = 0x1000;
export const MS_MOVE = 0x2000;
export const MS_REC = 0x4000;
export const MS_SILENT = 0x8000;
export const MS_UNBINDABLE = 0x20000;
export const MS_PRIVATE = 0x40000;
export const MS_SLAVE = 0x80000;
export const MS_SHARED = 0x100000;
export const MS_RELATIME = 0x200000;
export const MS_I_VERSION = 0x800000;
export const MS_STRICTATIME = 0x1000000;
export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

// linux/reboot.h
export const LINUX_REBOOT_CMD_POWER_OFF = 0x4321fedc;

// linux/sched.h
export const CLONE_NEWNET = 0x40000000;

// linux/wait.h, asm-generic/siginfo.h
export const P_ALL = 0;
export const WNOHANG = 0x1;
export const WEXITED = 0x4;
export const WNOWAIT = 0x1000000;
export const CLD_EXITED = 1;

// asm-generic/signal.h
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGUSR2 = 12;
export const SIGTERM = 15;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;

// linux/prctl.h
export const PR_SET_CHILD_SUBREAPER = 36;

// asm-generic/resource.h
export const RLIMIT_CORE = 4;
export const RLIMIT_NOFILE = 7;
/** No limit; limits are 64-bit numbers. */
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

// asm-generic/fcntl.h
export const O_RDONLY = 0;
export const O_NONBLOCK = 0x800;
export const O_CLOEXEC = 0x80000;

// linux/stat.h
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;

// linux/time.h, linux/timex.h
export const CLOCK_REALTIME = 0;
export const ADJ_OFFSET = 0x1;
export const ADJ_MAXERROR = 0x4;
export const ADJ_ESTERROR = 0x8;
export const ADJ_STATUS = 0x10;
export const ADJ_TIMECONST = 0x20;
export const ADJ_NANO = 0x2000;
export const STA_PLL = 0x1;
export const STA_UNSYNC = 0x40;
/** State of the clock that adjtimex returns: not synchronised. */
export const TIME_ERROR = 5;

// linux/socket.h, linux/netlink.h
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const NETLINK_ROUTE = 0;

// include/linux/syslog.h
export const SYSLOG_ACTION_READ_ALL = 3;
export const SYSLOG_ACTION_CONSOLE_LEVEL = 8;
export const SYSLOG_ACTION_SIZE_BUFFER = 10;

// linux/magic.h
export const PROC_SUPER_MAGIC = 0x9fa0;
export const TMPFS_MAGIC = 0x01021994;
