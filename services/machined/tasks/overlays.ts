/**
 * The places of the read-only root that Kubernetes writes to: overlays with
 * the image beneath and /var above, so that what was written outlives the
 * start of the node, and what the image has (CNI plugins) shows through. In a
 * container as on a disk: /var is a real file system there, too.
 */
import { MS_NODEV, MS_NOSUID } from "#lib/sys/constants.ts";
import { Mount } from "#lib/sys/mount.ts";
import type { MountSys } from "#lib/sys/sys.ts";
import type { Files } from "../files.ts";
import type { Task } from "../sequencer.ts";
import { isMountPoint } from "./system.ts";

/** Those of the seed era; udev's rules are for metal only. */
export const OVERLAYS = [
  "/etc/kubernetes",
  "/etc/cni",
  "/usr/libexec/kubernetes",
  "/opt",
] as const;

const UPPER_DIR = "/var/system/overlays";

/** The two directories of /var for `path`; overlayfs wants them apart. */
function directoriesOf(path: string): { upper: string; work: string } {
  const name = `${UPPER_DIR}/${path.slice(1).replaceAll("/", "-")}`;
  return { upper: `${name}-diff`, work: `${name}-workdir` };
}

/** The overlay on `path` as a value. */
export function overlayOn(path: string): Mount {
  const { upper, work } = directoriesOf(path);
  return new Mount({
    source: "overlay",
    target: path,
    fstype: "overlay",
    flags: MS_NOSUID | MS_NODEV,
    data: `lowerdir=${path},upperdir=${upper},workdir=${work}`,
  });
}

/** The tasks, by name. */
export function overlayTasks(
  { sys, files }: { sys: MountSys; files: Files },
): Record<string, Task> {
  return {
    mountOverlayFilesystems: async () => {
      const table = new TextDecoder().decode(
        await files.read("/proc/self/mountinfo"),
      );
      await files.mkdir(UPPER_DIR, 0o700);
      for (const path of OVERLAYS) {
        if (isMountPoint(table, path)) continue;
        const { upper, work } = directoriesOf(path);
        // The mode of the upper directory is what is seen.
        await files.mkdir(upper, 0o755);
        await files.mkdir(work, 0o700);
        overlayOn(path).apply(sys);
      }
    },
  };
}
