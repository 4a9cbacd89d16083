/**
 * What a local cluster left on this machine, looked up without the code that
 * removes it: mounts, loop devices, links, control groups, processes, files.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { run } from "#lib/command.ts";

async function filesOf(pid: string): Promise<string> {
  const read = (name: string) =>
    Deno.readTextFile(`/proc/${pid}/${name}`).catch(() => "");
  return await read("cmdline") + await read("cgroup");
}

async function cgroups(id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const hierarchy of Deno.readDir("/sys/fs/cgroup")) {
    const paths = [hierarchy.name, join(hierarchy.name, id)];
    for (const path of paths.filter((path) => path.endsWith(id))) {
      const dir = join("/sys/fs/cgroup", path);
      const there = await Deno.stat(dir).then(() => true, () => false);
      if (there) found.push(`cgroup ${dir}`);
    }
  }
  return found;
}

async function processes(marks: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    const text = await filesOf(name);
    if (marks.some((mark) => text.includes(mark))) {
      found.push(
        `process ${name}: ${text.replaceAll("\0", " ").slice(0, 200)}`,
      );
    }
  }
  return found;
}

/** Everything left of cluster `name`, whose state was below `state`. */
export async function leftovers(
  name: string,
  options: { state: string; image: string },
): Promise<string[]> {
  const digest = createHash("sha256").update(name).digest("hex");
  const id = `talos${digest.slice(0, 8)}`;
  const dir = join(options.state, name);
  const mountinfo = await Deno.readTextFile("/proc/self/mountinfo");
  const mounts = mountinfo.split("\n").filter((line) => line.includes(dir));
  const links: { ifname: string }[] = JSON.parse(
    await run(["ip", "-json", "link", "show"]),
  );
  const loops = (await run(["losetup", "-j", options.image])).trim();
  const files = await Deno.stat(dir).then(() => [`directory ${dir}`], () => []);
  return [
    ...mounts.map((line) => `mount ${line}`),
    ...links.filter((link) => link.ifname.includes(id)).map((link) =>
      `link ${link.ifname}`
    ),
    ...loops === "" ? [] : [`loop ${loops}`],
    ...await cgroups(id),
    ...await processes([id, dir]),
    ...files,
  ];
}
