/** Control groups of a cluster, in every hierarchy of version 1 and 2. */
import { join } from "@std/path";
import { readMounts } from "./mounts.ts";

/** The parent of all nodes of cluster `id`, below the root of a hierarchy. */
export function clusterCgroup(id: string): string {
  return `/${id}`;
}

/** Directories of the cluster's groups that exist. */
export async function leftCgroups(id: string): Promise<string[]> {
  const found: string[] = [];
  for (const mount of await readMounts()) {
    if (mount.type !== "cgroup" && mount.type !== "cgroup2") continue;
    const dir = join(mount.target, clusterCgroup(id));
    if (await Deno.stat(dir).then(() => true, () => false)) found.push(dir);
  }
  return found;
}

/** Groups at and below `dir`, the deepest first. */
async function tree(dir: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of Deno.readDir(dir)) {
      if (entry.isDirectory) found.push(...await tree(join(dir, entry.name)));
    }
  } catch (thrown) {
    // Groups go while we look.
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  return [...found, dir];
}

async function killAll(dir: string): Promise<void> {
  const text = await Deno.readTextFile(join(dir, "cgroup.procs"))
    .catch(() => "");
  for (const line of text.split("\n")) {
    const pid = Number(line);
    // 0 stands for a process that this namespace cannot see.
    if (!Number.isSafeInteger(pid) || pid <= 1 || pid === Deno.pid) continue;
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It went by itself.
    }
  }
}

/** A killed process leaves its group within milliseconds, mostly. */
const TRIES = 100;

/** Kills what runs in the cluster's groups, then removes the groups. */
export async function removeCgroups(id: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const left = await leftCgroups(id);
    if (left.length === 0) return;
    for (const top of left) {
      for (const dir of await tree(top)) {
        await killAll(dir);
        // Plain rmdir: the files of a group are not removed one by one.
        await Deno.remove(dir).catch(() => {});
      }
    }
    await new Promise((resolve) => setTimeout(resolve, tries === 0 ? 5 : 50));
  }
}
