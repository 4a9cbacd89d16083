/** The end and the replacement of the system: reboot(2), execve(2). */
import { cString, StringVector } from "./buffer.ts";
import { checked, libc } from "./libc.ts";
import { unreachable } from "../assert.ts";

/** reboot(2) with a `LINUX_REBOOT_CMD_*`; sync first, it does not. */
export function reboot(command: number): void {
  checked(libc().reboot(command), {
    syscall: "reboot",
    action: `reboot with command 0x${command.toString(16)}`,
  });
}

/** execve(2): the pid stays, everything else of this process goes. */
export function execve(
  path: string,
  args: readonly string[],
  env: readonly string[],
): never {
  const cPath = cString(path);
  const argv = new StringVector(args), envp = new StringVector(env);
  const result = libc().execve(
    cPath,
    argv.addresses as BufferSource,
    envp.addresses as BufferSource,
  );
  checked(result, {
    syscall: "execve",
    path,
    action: `execute ${JSON.stringify(path)} with ${argv.length} arguments`,
  });
  // The vectors must outlive the call, so they are used after it.
  return unreachable(envp.length as never);
}
