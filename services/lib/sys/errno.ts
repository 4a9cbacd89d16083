/**
 * Error numbers and their names (asm-generic/errno.h, the same on amd64 and
 * arm64), and the error that every wrapper of this folder throws.
 */
import { AgentError } from "../errors.ts";

/** Error numbers by kernel name; EWOULDBLOCK is EAGAIN, ENOTSUP is EOPNOTSUPP. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  ENOTBLK: 15,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  EDOM: 33,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENOMSG: 42,
  EIDRM: 43,
  ECHRNG: 44,
  EL2NSYNC: 45,
  EL3HLT: 46,
  EL3RST: 47,
  ELNRNG: 48,
  EUNATCH: 49,
  ENOCSI: 50,
  EL2HLT: 51,
  EBADE: 52,
  EBADR: 53,
  EXFULL: 54,
  ENOANO: 55,
  EBADRQC: 56,
  EBADSLT: 57,
  EBFONT: 59,
  ENOSTR: 60,
  ENODATA: 61,
  ETIME: 62,
  ENOSR: 63,
  ENONET: 64,
  ENOPKG: 65,
  EREMOTE: 66,
  ENOLINK: 67,
  EADV: 68,
  ESRMNT: 69,
  ECOMM: 70,
  EPROTO: 71,
  EMULTIHOP: 72,
  EDOTDOT: 73,
  EBADMSG: 74,
  EOVERFLOW: 75,
  ENOTUNIQ: 76,
  EBADFD: 77,
  EREMCHG: 78,
  ELIBACC: 79,
  ELIBBAD: 80,
  ELIBSCN: 81,
  ELIBMAX: 82,
  ELIBEXEC: 83,
  EILSEQ: 84,
  ERESTART: 85,
  ESTRPIPE: 86,
  EUSERS: 87,
  ENOTSOCK: 88,
  EDESTADDRREQ: 89,
  EMSGSIZE: 90,
  EPROTOTYPE: 91,
  ENOPROTOOPT: 92,
  EPROTONOSUPPORT: 93,
  ESOCKTNOSUPPORT: 94,
  EOPNOTSUPP: 95,
  EPFNOSUPPORT: 96,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ENETRESET: 102,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  ESHUTDOWN: 108,
  ETOOMANYREFS: 109,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
  ESTALE: 116,
  EUCLEAN: 117,
  ENOTNAM: 118,
  ENAVAIL: 119,
  EISNAM: 120,
  EREMOTEIO: 121,
  EDQUOT: 122,
  ENOMEDIUM: 123,
  EMEDIUMTYPE: 124,
  ECANCELED: 125,
  ENOKEY: 126,
  EKEYEXPIRED: 127,
  EKEYREVOKED: 128,
  EKEYREJECTED: 129,
  EOWNERDEAD: 130,
  ENOTRECOVERABLE: 131,
  ERFKILL: 132,
} as const;

/** Kernel name of an error number that has one. */
export type ErrnoName = keyof typeof ERRNO;

const NAMES = new Map<number, ErrnoName>(
  Object.entries(ERRNO).map(([name, errno]) => [errno, name as ErrnoName]),
);

/** `ENOENT` for 2; `errno 4095` for a number without a name. */
export function errnoName(errno: number): ErrnoName | `errno ${number}` {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** What is known about a refused system call. */
export interface SysProblem {
  readonly kind: "syscall";
  readonly syscall: string;
  readonly errno: number;
  readonly path?: string;
}

/** A system call that the kernel refused: `Cannot mount "/x" on "/y": ENODEV`. */
export class SysError extends AgentError<SysProblem> {
  override name = "SysError";
  readonly syscall: string;
  readonly errno: number;
  readonly path: string | undefined;

  /** `action` completes "Cannot ..."; without it: the call and its path. */
  constructor(
    problem: Omit<SysProblem, "kind">,
    action = problem.path === undefined
      ? problem.syscall
      : `${problem.syscall} ${JSON.stringify(problem.path)}`,
  ) {
    super(
      { kind: "syscall", ...problem },
      `Cannot ${action}: ${errnoName(problem.errno)}`,
    );
    this.syscall = problem.syscall;
    this.errno = problem.errno;
    this.path = problem.path;
  }

  /** True for one of `names`. */
  is(...names: readonly ErrnoName[]): boolean {
    return names.some((name) => ERRNO[name] === this.errno);
  }
}

/** True when `thrown` is a {@linkcode SysError} with one of `names`. */
export function isErrno(
  thrown: unknown,
  ...names: readonly ErrnoName[]
): thrown is SysError {
  return thrown instanceof SysError && thrown.is(...names);
}
