/**
 * Processes. PID 1 must reap orphans, but Deno reaps the children that it
 * started itself (Deno.Command), and waitpid(-1) would take their exit status
 * away. So: peek with WNOWAIT, look whose it is, reap by pid.
 *
 * ```
 * siginfo_t (128 bytes), SIGCHLD:  0 si_signo i32   8 si_code i32
 *                                 16 si_pid i32    24 si_status i32
 * ```
 */
import { viewOf } from "./buffer.ts";
import * as k from "./constants.ts";
import { isErrno } from "./errno.ts";
import { checked, libc } from "./libc.ts";
import type { ExitedChild, ProcessSys } from "./sys.ts";

const SIGINFO_BYTES = 128;

/** kill(2). */
export function kill(pid: number, signal: number): void {
  checked(libc().kill(pid, signal), {
    syscall: "kill",
    action: `send signal ${signal} to process ${pid}`,
  });
}

/** waitid(2) that looks at some exited child and leaves it. */
export function peekExited(): ExitedChild | undefined {
  const info = new Uint8Array(SIGINFO_BYTES);
  const options = k.WEXITED | k.WNOHANG | k.WNOWAIT;
  try {
    checked(libc().waitid(k.P_ALL, 0, info, options), { syscall: "waitid" });
  } catch (thrown) {
    if (isErrno(thrown, "ECHILD", "EINTR")) return undefined;
    throw thrown;
  }
  return decodeSiginfo(info);
}

/** The child of a `siginfo_t`; none when the kernel left it zero. */
export function decodeSiginfo(info: Uint8Array): ExitedChild | undefined {
  const view = viewOf(info);
  const pid = view.getInt32(16, true);
  if (pid === 0) return undefined;
  const status = view.getInt32(24, true);
  return view.getInt32(8, true) === k.CLD_EXITED
    ? { pid, code: status }
    : { pid, signal: status };
}

/** waitpid(2) with WNOHANG of exactly one child. */
export function reap(pid: number): boolean {
  if (!(pid > 0)) return false; // 0 and -1 would mean whole groups
  try {
    const got = checked(libc().waitpid(pid, null, k.WNOHANG), {
      syscall: "waitpid",
      action: `reap process ${pid}`,
    });
    return got === pid;
  } catch (thrown) {
    if (isErrno(thrown, "ECHILD", "EINTR")) return false;
    throw thrown;
  }
}

/** prctl(2) PR_SET_CHILD_SUBREAPER. */
export function setChildSubreaper(on: boolean): void {
  checked(libc().prctl(k.PR_SET_CHILD_SUBREAPER, on ? 1n : 0n, 0n, 0n, 0n), {
    syscall: "prctl",
    action: "become a child subreaper",
  });
}

/** How many orphans one call of {@linkcode reapOrphans} takes at most. */
const REAP_LIMIT = 256;

/**
 * Reaps exited children that are not `ours` and returns them. `ours` is asked
 * in the same synchronous stretch, so whoever spawns with Deno.Command notes
 * the pid before its next await.
 *
 * The kernel always shows the same first child: one of ours that Deno has not
 * yet reaped hides the rest, so `blocked` asks for another try soon.
 */
export function reapOrphans(
  sys: Pick<ProcessSys, "peekExited" | "reap">,
  ours: (pid: number) => boolean,
): { reaped: ExitedChild[]; blocked: boolean } {
  const reaped: ExitedChild[] = [];
  while (reaped.length < REAP_LIMIT) {
    const child = sys.peekExited();
    if (child === undefined) return { reaped, blocked: false };
    if (ours(child.pid) || !sys.reap(child.pid)) break;
    reaped.push(child);
  }
  return { reaped, blocked: true };
}
