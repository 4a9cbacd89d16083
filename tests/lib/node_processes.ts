/** The processes of a container node, seen from the machine that runs it. */

/** One process of a node. */
export interface NodeProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly args: readonly string[];
}

function readOr(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** PID 1 of a node and everything below it; pids are those of the machine. */
export function processesBelow(init: number): NodeProcess[] {
  const all: NodeProcess[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const ppid = /^PPid:\s+(\d+)/m.exec(readOr(`/proc/${pid}/status`))?.[1];
    if (ppid === undefined) continue;
    const args = readOr(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
    all.push({ pid, ppid: Number(ppid), args });
  }
  const inside = new Set([init]);
  for (let before = 0; before !== inside.size;) {
    before = inside.size;
    for (const { pid, ppid } of all) if (inside.has(ppid)) inside.add(pid);
  }
  return all.filter(({ pid }) => inside.has(pid));
}

/** The process of service host `name`; undefined while it is away. */
export function hostProcess(
  init: number,
  name: string,
): NodeProcess | undefined {
  return processesBelow(init).find(({ args }) => {
    const bundle = args.indexOf("/usr/lib/talos/host.js");
    return bundle >= 0 && args[bundle + 1] === name;
  });
}

/** The value of `key` in /proc/PID/status. */
export function statusOf(pid: number, key: string): string {
  const text = readOr(`/proc/${pid}/status`);
  return new RegExp(`^${key}:\\s+(.*)$`, "m").exec(text)?.[1] ?? "";
}
