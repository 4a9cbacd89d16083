/**
 * The files of the CRI containerd, kept as the machine config says. What it
 * no longer says is removed: a mirror that was taken out must not be asked.
 */
import type { EffectiveConfig } from "#lib/config/mod.ts";
import { dirname } from "@std/path";
import type { Files } from "./files.ts";
import { readHostFacts } from "./host_facts.ts";
import { criAuths, registryFiles } from "./registries.ts";
import { CERTS_DIR, CRI_CONFIG, criConfig } from "./units/cri.ts";

/** They hold credentials. */
const FILE_MODE = 0o600;
const DIR_MODE = 0o700;

/** See the top of the file. */
export class CriFiles {
  readonly #files: Files;
  readonly #written = new Map<string, string>();

  constructor(files: Files) {
    this.#files = files;
  }

  /**
   * Writes what differs from the last time, each file in one step. Returns
   * whether containerd must start again for it: it reads the directory of
   * hosts at every pull, its configuration only at its start.
   */
  async write(config: EffectiveConfig): Promise<boolean> {
    const { registries } = config.machine;
    const { capabilities } = await readHostFacts(this.#files);
    const wanted = new Map<string, string>([
      ...registryFiles(registries).map(({ path, text }) =>
        [`${CERTS_DIR}/${path}`, text] as const
      ),
      [
        CRI_CONFIG,
        criConfig({
          restrictOomScoreAdj: !capabilities.includes("CAP_SYS_RESOURCE"),
          auths: criAuths(registries),
        }),
      ] as const,
    ]);
    const restart = this.#written.get(CRI_CONFIG) !== wanted.get(CRI_CONFIG);
    for (const [path, text] of wanted) await this.#replace(path, text);
    for (const path of [...this.#written.keys()]) {
      if (wanted.has(path)) continue;
      await this.#files.remove(path);
      this.#written.delete(path);
    }
    return restart;
  }

  async #replace(path: string, text: string): Promise<void> {
    if (this.#written.get(path) === text) return;
    await this.#files.mkdir(dirname(path), DIR_MODE);
    const bytes = new TextEncoder().encode(text);
    await this.#files.replace(path, bytes, FILE_MODE);
    this.#written.set(path, text);
  }
}
