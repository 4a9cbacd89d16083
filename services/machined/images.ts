/**
 * Images for the services that machined runs: pulled until they are there.
 * What happens is told to the log and to the service's events.
 */
import type { Clock } from "#lib/clock.ts";
import type { Containerd } from "#lib/containerd/client.ts";
import type { StoredImage } from "#lib/containerd/images.ts";
import { pullError } from "#lib/containerd/pull_error.ts";
import type { PullProgress } from "#lib/containerd/transfer.ts";
import { messageOf } from "#lib/errors.ts";
import type { ImagePlatform } from "#lib/oci/image.ts";
import type { ContainerRoot } from "./supervisor/runner_container.ts";
import { type Registries, registriesOf, registryAuth } from "./registries.ts";

/** What a service is told while its image comes. */
export type Tell = (text: string) => void;

/** What {@linkcode Images} works with. */
export interface ImagesOptions {
  /** The containerd of the image's name space. */
  readonly containerd: Pick<
    Containerd,
    "getImage" | "transferImage" | "prepareRoot" | "removeRoot"
  >;
  /** Those of the config in use. */
  readonly registries: () => Registries;
  readonly hostsDir: string;
  readonly platform: ImagePlatform;
  readonly clock: Clock;
}

/** Pauses after the first, second ... failure; the last repeats. */
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 30_000];
/** Not more often does a pull tell how far it is. */
const TELL_MS = 2_000;

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

/** See the top of the file. */
export class Images {
  readonly #options: ImagesOptions;

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /**
   * The image `name`; pulled unless it is there, again and again until it is.
   * Rejects only when `signal` aborts.
   */
  async provide(
    name: string,
    { tell, signal }: { tell: Tell; signal: AbortSignal },
  ): Promise<StoredImage> {
    const { containerd, platform, clock } = this.#options;
    for (let failures = 0;; failures++) {
      try {
        return await containerd.getImage(name, platform) ??
          await this.pull(name, { tell, signal });
      } catch (thrown) {
        signal.throwIfAborted();
        const pauseMs = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)]!;
        tell(`${messageOf(thrown)}; again in ${pauseMs / 1_000} s`);
        await clock.sleep(pauseMs, signal);
      }
    }
  }

  /**
   * Pulls `name` once, also when one of that name is there: a tag may have
   * moved.
   *
   * @throws {PullError}
   */
  async pull(
    name: string,
    { tell, signal }: { tell: Tell; signal: AbortSignal },
  ): Promise<StoredImage> {
    const { containerd, hostsDir, platform, registries, clock } = this.#options;
    const asked = registriesOf(registries(), name);
    const started = clock.monotonic();
    let told = started, last: PullProgress | undefined;
    tell(`Pulling image "${name}" from ${asked.join(", ")}`);
    const progress = (next: PullProgress) => {
      last = next;
      if (clock.monotonic() - told < TELL_MS) return;
      told = clock.monotonic();
      const { doneBytes, totalBytes } = next;
      const done = `${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB`;
      tell(`Pulling image "${name}": ${done}`);
    };
    try {
      await containerd.transferImage({
        image: name,
        platform,
        hostsDir,
        auth: (host) => registryAuth(registries(), host),
        progress,
        signal,
      });
      const image = await containerd.getImage(name, platform);
      if (!image) throw new Error(`image "${name}" went as soon as it came`);
      const seconds = ((clock.monotonic() - started) / 1_000).toFixed(1);
      const size = last ? `, ${megabytes(last.totalBytes)} MB` : "";
      tell(`Pulled image "${name}" in ${seconds} s${size}: ${image.digest}`);
      return image;
    } catch (thrown) {
      throw pullError(thrown, { image: name, asked });
    }
  }

  /** Roots of `image` for the runs of a container. */
  rootOf(image: StoredImage): ContainerRoot {
    const { containerd } = this.#options;
    return {
      prepare: (key) => containerd.prepareRoot(key, image),
      remove: (key) => containerd.removeRoot(key),
    };
  }
}
