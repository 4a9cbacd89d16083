/**
 * What happens to a machine config that comes by the API. Everything is
 * checked before anything changes; services restart after the answer.
 */
import { type ConfigReader, planApply } from "#lib/config/mod.ts";
import { AgentError } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import type { ConfigStore, HeldConfig } from "./config_store.ts";

/** Why a sound config is not applied. */
export type ApplyProblem =
  /** These paths make another node of it. */
  | { readonly kind: "failedPrecondition"; readonly paths: readonly string[] }
  /** A sequence runs; the caller may try again. */
  | { readonly kind: "unavailable" };

/** A sound config that this node cannot take, now or ever. */
export class ApplyError extends AgentError<ApplyProblem> {
  override name = "ApplyError";

  constructor(problem: ApplyProblem) {
    super(
      problem,
      problem.kind === "unavailable"
        ? "Cannot apply the machine config: sequence not started: locked"
        : `Cannot apply the machine config: ${
          problem.paths.join(", ")
        } cannot change on a node that runs`,
    );
  }
}

/** What {@linkcode Configurator} works with. */
export interface ConfiguratorOptions {
  readonly store: ConfigStore;
  readonly log: Logger;
  /** Rejects a config whose CA cannot issue: nobody could reach the node. */
  readonly vet: (held: HeldConfig) => Promise<void>;
  /** Who reads what of the config. */
  readonly readers: () => readonly ConfigReader[];
  /** Whether a sequence runs. */
  readonly busy: () => boolean;
  /** Writes the config where the next boot finds it. */
  readonly save: (source: Uint8Array) => Promise<void>;
  /** Runs the sequence applyConfiguration; its errors are its own matter. */
  readonly applySequence: () => void;
}

/** See the top of the file. */
export class Configurator {
  readonly #options: ConfiguratorOptions;
  #affected: readonly string[] = [];
  #applying = false;

  constructor(options: ConfiguratorOptions) {
    this.#options = options;
  }

  /** The services that the config applied last concerns. */
  get affected(): readonly string[] {
    return this.#affected;
  }

  /**
   * Checks and stores `data`; then applies it unless `noReboot`. One at a
   * time: what is on disk and what is in use must be the same config.
   *
   * @throws {ConfigError | ApplyError} with nothing changed.
   */
  async apply(
    data: Uint8Array,
    options: { readonly noReboot: boolean },
  ): Promise<void> {
    const { store, log, vet } = this.#options;
    const next = store.check(data);
    if (this.#applying) throw new ApplyError({ kind: "unavailable" });
    this.#applying = true;
    try {
      if (store.held) {
        await this.#replace(next, store.held, options);
        return;
      }
      await vet(next);
      log.info("the machine config came by the API");
      store.take(next);
    } finally {
      this.#applying = false;
    }
  }

  async #replace(
    next: HeldConfig,
    held: HeldConfig,
    { noReboot }: { readonly noReboot: boolean },
  ): Promise<void> {
    const { store, log, readers, busy, save, applySequence } = this.#options;
    const plan = planApply(held.config, next.config, readers());
    if (plan.reboot.length > 0) {
      throw new ApplyError({
        kind: "failedPrecondition",
        paths: plan.reboot,
      });
    }
    if (noReboot) {
      await save(next.source);
      log.info("the machine config is stored for the next boot");
      return;
    }
    if (busy()) throw new ApplyError({ kind: "unavailable" });
    // What the API has accepted survives whatever happens next.
    await save(next.source);
    store.take(next);
    this.#affected = plan.affected;
    const concerned = plan.affected.join(", ") || "no service";
    log.info(
      `machine config: ${plan.changes.length} change(s), for ${concerned}`,
    );
    applySequence();
  }
}
