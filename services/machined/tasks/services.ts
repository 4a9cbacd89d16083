/** Tasks that start and stop services. */
import type { Logger } from "#lib/log.ts";
import type { Task } from "../sequencer.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";

/** A service host, as far as tasks know it. */
export interface Host {
  readonly name: string;
  ensure(signal: AbortSignal): Promise<string>;
  stop(): Promise<void>;
}

/** What these tasks touch. */
export interface ServiceTaskOptions {
  readonly supervisor: Supervisor;
  readonly hosts: readonly Host[];
  readonly log: Logger;
  /** Registers what the config asks for; the ids of all services. */
  readonly register: () => readonly string[];
  /** Those that still run without a config, or with an old one. */
  readonly outdated: () => readonly string[];
  /** Writes what containerd reads. */
  readonly prepareContainerd: () => Promise<void>;
}

/** How long all services together may take to come up, as in the seed era. */
const START_ALL_MS = 25 * 60_000;
/** After this the rest of the node goes down with whatever still runs. */
const STOP_ALL_MS = 45_000;

/** The tasks, by name. */
export function serviceTasks(
  options: ServiceTaskOptions,
): Record<string, Task> {
  const { supervisor, hosts, log, register, outdated } = options;
  const startAndWait = async (id: string, signal: AbortSignal) => {
    supervisor.launch([id]);
    await supervisor.allUp([id], signal);
  };
  const bounceOutdated = async () => {
    await Promise.all(outdated().map((id) => supervisor.bounce(id)));
  };
  return {
    startMachined: (signal) => startAndWait("machined", signal),
    startContainerd: async (signal) => {
      await options.prepareContainerd();
      await startAndWait("containerd", signal);
    },
    startHosts: async (signal) => {
      await Promise.all(hosts.map((host) => host.ensure(signal)));
    },
    startEverything: async (signal) => {
      const ids = register();
      supervisor.launch(ids);
      await bounceOutdated();
      const limit = AbortSignal.timeout(START_ALL_MS);
      await supervisor.allUp(ids, AbortSignal.any([signal, limit]));
    },
    restartAffectedServices: async () => {
      supervisor.launch(register());
      await bounceOutdated();
    },
    stopAllServices: async () => {
      let late: ReturnType<typeof setTimeout> | undefined;
      const limit = new Promise<void>((resolve) => {
        late = setTimeout(() => {
          log.warn(`services still run after ${STOP_ALL_MS} ms`);
          resolve();
        }, STOP_ALL_MS);
      });
      const all = (async () => {
        await supervisor.stopAll(["machined", "containerd"]);
        await Promise.all(hosts.map((host) => host.stop()));
        await supervisor.stopAll();
      })().catch((thrown) => log.error("Cannot stop all services", thrown));
      await Promise.race([all, limit]);
      clearTimeout(late);
    },
  };
}
