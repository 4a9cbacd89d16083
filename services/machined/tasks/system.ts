/**
 * Tasks that make the node's own file systems and kernel settings fit. What
 * the kernel refuses to a container is logged and let be.
 */
import type { Logger } from "#lib/log.ts";
import { chainOf } from "#lib/errors.ts";
import { ETC_DIR, SOCKETS } from "#lib/paths.ts";
import { MS_NODEV, MS_NOSUID, MS_REC, MS_SHARED } from "#lib/sys/constants.ts";
import { Mount } from "#lib/sys/mount.ts";
import type { MountSys } from "#lib/sys/sys.ts";
import { dirname } from "@std/path";
import type { Files } from "../files.ts";
import type { Task } from "../sequencer.ts";

/** What these tasks touch. */
export interface SystemTaskOptions {
  readonly sys: MountSys;
  readonly files: Files;
  readonly log: Logger;
  /** What daemons mount of the node: made before them. */
  readonly mounts: readonly string[];
}

/** Sysctls of every node, as `net.ipv4.ip_forward`. */
const CONTAINER_SYSCTLS: Readonly<Record<string, string>> = {
  "net.ipv4.ip_forward": "1",
  "net.ipv6.conf.default.forwarding": "1",
  "kernel.pid_max": "262144",
};

/** Directories below /system, on its tmpfs. */
const SYSTEM_DIRECTORIES: readonly (readonly [string, number])[] = [
  [ETC_DIR, 0o700],
  ["/system/run", 0o700],
  ["/system/var", 0o700],
  ["/system/state", 0o700],
  ["/system/run/hosts", 0o700],
  [dirname(SOCKETS.machined), 0o700],
  [dirname(SOCKETS.containerd), 0o700],
];

const VAR_DIRECTORIES = [
  "/var/log/pods",
  "/var/lib/kubelet",
  "/var/run/lock",
];

/** Where the kernel keeps the setting `net.ipv4.ip_forward`. */
function sysctlPath(key: string): string {
  return `/proc/sys/${key.replaceAll(".", "/")}`;
}

/**
 * Writes kernel settings; those that the kernel refuses are logged. Keys come
 * from the config: whatever is not a path of names is refused here.
 */
export async function writeSysctls(
  sysctls: Readonly<Record<string, string>>,
  { files, log }: Pick<SystemTaskOptions, "files" | "log">,
): Promise<void> {
  for (const [key, value] of Object.entries(sysctls)) {
    if (!/^[\w-]+(\.[\w-]+)+$/.test(key)) {
      log.warn(`sysctl ${JSON.stringify(key)} is not a name, left out`);
      continue;
    }
    try {
      await files.write(sysctlPath(key), new TextEncoder().encode(value));
    } catch (thrown) {
      log.warn(`Cannot set sysctl ${key} to ${JSON.stringify(value)}`, thrown);
    }
  }
}

/** Whether `path` is in the text of /proc/self/mountinfo as a mount point. */
export function isMountPoint(mountinfo: string, path: string): boolean {
  return mountinfo.split("\n").some((line) => line.split(" ")[4] === path);
}

/** The tasks, by name. */
export function systemTasks(options: SystemTaskOptions): Record<string, Task> {
  const { sys, files, log } = options;
  return {
    setupLogger: () => log.info("logs go to memory and to the console"),
    writeRequiredSysctlsForContainer: () =>
      writeSysctls(CONTAINER_SYSCTLS, options),
    setupSystemDirectory: async () => {
      const table = await files.read("/proc/self/mountinfo");
      if (!isMountPoint(new TextDecoder().decode(table), "/system")) {
        new Mount({
          source: "tmpfs",
          target: "/system",
          fstype: "tmpfs",
          flags: MS_NOSUID | MS_NODEV,
          data: "mode=0755",
        }).apply(sys);
      }
      // A worker may write to its own directory and no other.
      const own = options.mounts.filter((path) =>
        path.startsWith("/system/run/") &&
        !SYSTEM_DIRECTORIES.some(([known]) => known === path)
      ).map((path) => [path, 0o750] as const);
      for (const [path, mode] of [...SYSTEM_DIRECTORIES, ...own]) {
        await files.mkdir(path, mode);
      }
    },
    sharedFilesystems: () => {
      try {
        sys.mount({ target: "/", flags: MS_SHARED | MS_REC });
      } catch (thrown) {
        log.warn(`mounts of pods will stay in pods: ${chainOf(thrown)}`);
      }
    },
    setupVarDirectory: async () => {
      for (const path of VAR_DIRECTORIES) await files.mkdir(path, 0o700);
    },
  };
}
