/** Mounts of the host below a directory: found in mountinfo, taken away. */
import type { Host } from "./processes.ts";

/** One line of /proc/self/mountinfo, as far as we look at it. */
export interface MountInfo {
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Parses /proc/self/mountinfo; proc(5). */
export function parseMountinfo(text: string): MountInfo[] {
  const unescape = (path: string) =>
    path.replace(
      /\\([0-7]{3})/g,
      (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)),
    );
  const mounts: MountInfo[] = [];
  for (const line of text.split("\n")) {
    const [before, after] = line.split(" - ");
    if (before === undefined || after === undefined) continue;
    const [type, , superOptions = ""] = after.split(" ");
    mounts.push({
      target: unescape(before.split(" ")[4] ?? ""),
      type: type ?? "",
      options: superOptions.split(","),
    });
  }
  return mounts;
}

/** The host's mounts, in the order in which they were made. */
export async function readMounts(): Promise<MountInfo[]> {
  return parseMountinfo(await Deno.readTextFile("/proc/self/mountinfo"));
}

/** File systems whose directories overlayfs does not take as its upper one. */
const NO_UPPER = /^(overlay|aufs|squashfs|erofs|nfs4?|9p|vfat|fuse.*)$/;

/**
 * Whether the file system of `path` can be below a node's /var: containers
 * have overlays there. `mounts` in the order in which they were made.
 */
export function takesOverlays(
  path: string,
  mounts: readonly MountInfo[],
): boolean {
  const holds = ({ target }: MountInfo) =>
    target === "/" || path === target || path.startsWith(`${target}/`);
  const mount = mounts.filter(holds).reduce<MountInfo | undefined>(
    (best, next) =>
      best && best.target.length > next.target.length ? best : next,
    undefined,
  );
  return mount !== undefined && !NO_UPPER.test(mount.type);
}

/** Mount points at or below `dir`, the last first. */
export async function mountsBelow(dir: string): Promise<string[]> {
  const targets = (await readMounts()).map((mount) => mount.target);
  return targets
    .filter((path) => path === dir || path.startsWith(`${dir}/`))
    .reverse();
}

/**
 * Mounts `image` on `target`, read-only. The loop device is bound to the
 * mount: the kernel frees it with the last user.
 */
export async function mountImage(host: Host, image: string, target: string) {
  await Deno.mkdir(target, { recursive: true });
  await host(["mount", "-t", "squashfs", "-o", "loop,ro", image, target]);
}

/** Unmounts everything at or below `dir`. */
export async function unmountBelow(host: Host, dir: string): Promise<void> {
  for (const target of await mountsBelow(dir)) {
    await host(["umount", target]).catch(async (thrown) => {
      if (!(await mountsBelow(dir)).includes(target)) return;
      // Somebody looks inside: out of sight now, gone when they leave.
      await host(["umount", "--lazy", target]).catch(() => {
        throw thrown;
      });
    });
  }
}
