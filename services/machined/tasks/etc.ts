/**
 * Tasks for the files of /etc. The root is read-only: the files live in
 * /system/etc; the image links there, or they are bound over those of it. A
 * bind shows one inode, so a file that is bound is not replaced, but written.
 */
import type { Logger } from "#lib/log.ts";
import { ETC_DIR } from "#lib/paths.ts";
import { MS_BIND } from "#lib/sys/constants.ts";
import type { MountSys } from "#lib/sys/sys.ts";
import type { Files } from "../files.ts";
import type { Task } from "../sequencer.ts";
import { isMountPoint } from "./system.ts";

/** Before networkd knows better; it replaces both. */
const FIRST: Readonly<Record<string, string>> = {
  "hosts": "127.0.0.1 localhost\n::1 localhost\n",
  "resolv.conf": "",
};

/** The text of /etc/os-release. */
function osRelease(version: string): string {
  return [
    'NAME="Talos"',
    "ID=talos",
    `VERSION_ID=${version}`,
    `PRETTY_NAME="Talos (${version})"`,
    'HOME_URL="https://www.talos.dev/"',
    'BUG_REPORT_URL="https://github.com/talos-systems/talos/issues"',
    "",
  ].join("\n");
}

/** What these tasks touch. */
export interface EtcTaskOptions {
  readonly sys: MountSys;
  readonly files: Files;
  readonly log: Logger;
  /** `v0.9.0` */
  readonly version: string;
}

/** The tasks, by name. */
export function etcTasks(
  { sys, files, log, version }: EtcTaskOptions,
): Record<string, Task> {
  const write = (name: string, text: string) =>
    files.write(`${ETC_DIR}/${name}`, new TextEncoder().encode(text), 0o644);
  const bind = async (name: string) => {
    const [source, target] = [`${ETC_DIR}/${name}`, `/etc/${name}`];
    // A link of the image shows whatever takes the place of the file.
    if (await files.realPath(target) === source) return;
    const table = await files.read("/proc/self/mountinfo");
    if (isMountPoint(new TextDecoder().decode(table), target)) return;
    try {
      sys.mount({ source, target, flags: MS_BIND });
    } catch (thrown) {
      log.warn(`${target} stays that of the image`, thrown);
    }
  };
  return {
    createOSReleaseFile: async () => {
      await write("os-release", osRelease(version));
      for (const [name, text] of Object.entries(FIRST)) {
        if (!await files.read(`${ETC_DIR}/${name}`)) await write(name, text);
      }
      for (const name of ["os-release", ...Object.keys(FIRST)]) {
        await bind(name);
      }
    },
  };
}
