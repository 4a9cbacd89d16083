/**
 * Control groups of a node that is a container. In version 2 a group with
 * processes cannot hand its controllers on, so the processes that are there
 * move to a group of their own. In version 1 there is nothing to do.
 */
import type { Logger } from "#lib/log.ts";
import type { Files } from "../files.ts";
import type { Task } from "../sequencer.ts";

const ROOT = "/sys/fs/cgroup";
/** Where machined and what it starts live. */
const OWN = `${ROOT}/init`;

/** A process that is not ours to move, or has ended. */
const PIDS = /^[1-9]\d*$/;

/** The tasks, by name. */
export function cgroupTasks(
  { files, log }: { files: Files; log: Logger },
): Record<string, Task> {
  const text = (path: string) =>
    files.read(path).then((bytes) => new TextDecoder().decode(bytes));
  const write = (path: string, line: string) =>
    files.write(path, new TextEncoder().encode(line));
  return {
    delegateCgroups: async () => {
      const controllers = await text(`${ROOT}/cgroup.controllers`);
      if (controllers.trim() === "") return;
      await files.mkdir(OWN, 0o755);
      const pids = await text(`${ROOT}/cgroup.procs`);
      for (const pid of pids.split("\n").filter((line) => PIDS.test(line))) {
        await write(`${OWN}/cgroup.procs`, pid).catch((thrown) =>
          log.warn(`process ${pid} stays where it is`, thrown)
        );
      }
      for (const name of controllers.trim().split(/\s+/)) {
        await write(`${ROOT}/cgroup.subtree_control`, `+${name}`).catch(
          (thrown) => log.warn(`pods have no controller ${name}`, thrown),
        );
      }
    },
  };
}
