/** Capabilities of Linux by name: linux/capability.h, proc(5). Pure. */

/** Names by number. */
// deno-fmt-ignore
const CAPABILITIES = [
  "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL",
  "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
  "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
  "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
  "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME",
  "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
  "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM",
  "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
] as const;

/** `CAP_SYS_ADMIN` */
export type Capability = `CAP_${typeof CAPABILITIES[number]}`;

/**
 * The effective capabilities of the process whose /proc/PID/status is
 * `status`; none when it does not say.
 */
export function effectiveCapabilities(status: string): Capability[] {
  const hex = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1] ?? "0";
  const mask = BigInt(`0x${hex}`);
  return CAPABILITIES
    .filter((_name, bit) => (mask >> BigInt(bit)) & 1n)
    .map((name): Capability => `CAP_${name}`);
}
