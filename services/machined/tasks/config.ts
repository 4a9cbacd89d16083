/** Tasks that find, check and keep the machine config. */
import type { Logger } from "#lib/log.ts";
import { CONFIG_FILE } from "#lib/paths.ts";
import type { ConfigStore, HeldConfig } from "../config_store.ts";
import type { Files } from "../files.ts";
import type { Task } from "../sequencer.ts";

/** The environment of PID 1 and of what it starts. */
export interface Environment {
  set(key: string, value: string): void;
  delete(key: string): void;
}

/** What these tasks touch. */
export interface ConfigTaskOptions {
  readonly store: ConfigStore;
  readonly files: Files;
  readonly log: Logger;
  readonly env: Environment;
  /** The config that the platform has for this node, if any. */
  readonly fetch: () => Promise<Uint8Array | undefined>;
  /** Rejects a config that no node can live by. */
  readonly vet: (held: HeldConfig) => Promise<void>;
  /** Brings up what a node without a config has. */
  readonly startMaintenance: () => void;
}

/** Replaces the stored config in one step. */
export async function saveConfig(
  files: Files,
  source: Uint8Array,
): Promise<void> {
  await files.replace(CONFIG_FILE, source, 0o600);
}

/** The tasks, by name. */
export function configTasks(options: ConfigTaskOptions): Record<string, Task> {
  const { store, files, log, env } = options;
  let exported: string[] = [];
  return {
    loadConfig: async (signal) => {
      if (!await takeFirst(options)) {
        log.warn("no machine config: waiting for one by the API");
        options.startMaintenance();
        await store.arrival(signal);
      }
    },
    validateConfig: () => {
      // It was validated before it was taken; without one nothing gets here.
      if (!store.held) throw new Error("no machine config");
    },
    saveConfig: () => saveConfig(files, store.held!.source),
    setUserEnvVars: () => {
      for (const key of exported) env.delete(key);
      exported = [];
      const entries = Object.entries(store.held!.config.machine.env ?? {});
      for (const [key, value] of entries) {
        try {
          env.set(key, value);
          exported.push(key);
        } catch (thrown) {
          // A value that no process can have must not keep the node down.
          log.error(`variable ${key} of the machine config left out`, thrown);
        }
      }
    },
  };
}

/** Takes the config that is on disk, or that of the platform. */
async function takeFirst(
  { store, files, log, fetch, vet }: ConfigTaskOptions,
): Promise<boolean> {
  const sources: [string, () => Promise<Uint8Array | undefined>][] = [
    ["the disk", () => files.read(CONFIG_FILE)],
    ["the platform", fetch],
  ];
  for (const [place, read] of sources) {
    try {
      const source = await read();
      if (!source) continue;
      const held = store.check(source);
      if (place === "the disk" && !held.config.persist) continue;
      await vet(held);
      store.take(held);
      log.info(`machine config of ${place}`);
      return true;
    } catch (thrown) {
      log.error(`Cannot use the machine config of ${place}`, thrown);
    }
  }
  return false;
}
