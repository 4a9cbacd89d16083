/** The kernel's log: klogctl(3). Following it is /dev/kmsg's job. */
import * as k from "./constants.ts";
import { checked, libc } from "./libc.ts";

/** More than a kernel with log_buf_len=16M would not be worth the memory. */
const KERNEL_LOG_LIMIT_BYTES = 16 << 20;

/** All that the ring holds. */
export function readKernelLog(): Uint8Array {
  const attempt = { syscall: "syslog", action: "read the kernel log" };
  const size = checked(
    libc().klogctl(k.SYSLOG_ACTION_SIZE_BUFFER, null, 0),
    attempt,
  );
  const buffer = new Uint8Array(Math.min(size, KERNEL_LOG_LIMIT_BYTES));
  const got = checked(
    libc().klogctl(k.SYSLOG_ACTION_READ_ALL, buffer, buffer.length),
    attempt,
  );
  return buffer.subarray(0, got);
}

/** Which messages reach the console. */
export function setConsoleLevel(level: number): void {
  checked(libc().klogctl(k.SYSLOG_ACTION_CONSOLE_LEVEL, null, level), {
    syscall: "syslog",
    action: `set the console level to ${level}`,
  });
}
