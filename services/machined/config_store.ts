/**
 * The machine config that the node runs by: checked before it is taken, kept
 * as it was given, waited for when there is none. Files are the tasks' matter.
 */
import { orAborted } from "#lib/abort.ts";
import { effective, type EffectiveConfig, load } from "#lib/config/mod.ts";
import type { Logger } from "#lib/log.ts";

/** A config with its source. */
export interface HeldConfig {
  /** The bytes as they were given; gzip has been unpacked on the way in. */
  readonly source: Uint8Array;
  readonly config: EffectiveConfig;
}

/** What {@linkcode ConfigStore} works with. */
export interface ConfigStoreOptions {
  readonly mode: "container" | "metal";
  readonly log: Logger;
}

/** See the top of the file. */
export class ConfigStore {
  readonly #options: ConfigStoreOptions;
  readonly #arrived = Promise.withResolvers<void>();
  #held: HeldConfig | undefined;

  constructor(options: ConfigStoreOptions) {
    this.#options = options;
  }

  /** The config in use, once there is one. */
  get held(): HeldConfig | undefined {
    return this.#held;
  }

  /**
   * Decodes and validates `source`, without taking it.
   *
   * @throws {ConfigError} with all problems.
   */
  check(source: Uint8Array): HeldConfig {
    const { mode, log } = this.#options;
    const { config, warnings } = load(source, mode);
    for (const { path, message } of warnings) {
      log.warn(`machine config: ${path}: ${message}`);
    }
    return { source, config: effective(config) };
  }

  /** Takes a config that was checked. */
  take(held: HeldConfig): void {
    this.#held = held;
    this.#arrived.resolve();
  }

  /** Resolves when there is a config. */
  arrival(signal: AbortSignal): Promise<void> {
    return orAborted(this.#arrived.promise, signal);
  }
}
