/** What the kernel says of a process's walls, read from outside. */

/** Capabilities by their number (linux/capability.h). */
const CAPABILITIES = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
];

/** The sixteen hexadecimal digits of /proc/PID/status for these `CAP_...`. */
export function capabilityMask(names: readonly string[]): string {
  let mask = 0n;
  for (const name of names) {
    const bit = CAPABILITIES.indexOf(name.replace(/^CAP_/, ""));
    if (bit < 0) throw new Error(`unknown capability ${name}`);
    mask |= 1n << BigInt(bit);
  }
  return mask.toString(16).padStart(16, "0");
}

/** The memory limit of the process's own cgroup in bytes. */
export function memoryLimitOf(pid: number): number {
  const lines = Deno.readTextFileSync(`/proc/${pid}/cgroup`).split("\n");
  const v1 = lines.find((line) => line.split(":")[1] === "memory");
  const path = v1
    ? `/sys/fs/cgroup/memory${v1.split(":")[2]}/memory.limit_in_bytes`
    : `/sys/fs/cgroup${lines[0]!.split(":")[2]}/memory.max`;
  return Number(Deno.readTextFileSync(path));
}

/** The mount points of the process (proc(5), mountinfo). */
export function mountPoints(
  pid: number,
): { path: string; readOnly: boolean }[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/mountinfo`);
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const fields = line.split(" ");
    return {
      path: fields[4]!,
      readOnly: fields[5]!.split(",").includes("ro"),
    };
  });
}
