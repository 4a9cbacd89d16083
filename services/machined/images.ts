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
import { rpcError } from "#lib/rpc/status.ts";
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
  /** How long a registry may say nothing. */
  readonly silenceMs?: number;
}

/** Pauses after the first, second ... failure; the last repeats. */
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 30_000];
/** Not more often does a pull tell how far it is. */
const TELL_MS = 2_000;

/** A registry that takes us in and then says nothing is given up. */
const SILENCE_MS = 5 * 60_000;

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
    const { clock } = this.#options;
    for (let failures = 0;; failures++) {
      try {
        return await this.provideOnce(name, { tell, signal });
      } catch (thrown) {
        signal.throwIfAborted();
        const pauseMs = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)]!;
        tell(`${messageOf(thrown)}; again in ${pauseMs / 1_000} s`);
        await clock.sleep(pauseMs, signal);
      }
    }
  }

  /** The image `name`; pulled once unless it is there. @throws {PullError} */
  async provideOnce(
    name: string,
    { tell, signal }: { tell: Tell; signal: AbortSignal },
  ): Promise<StoredImage> {
    const { containerd, platform } = this.#options;
    return await containerd.getImage(name, platform) ??
      await this.pull(name, { tell, signal });
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
    const { containerd, platform, registries, clock } = this.#options;
    const asked = registriesOf(registries(), name);
    const started = clock.monotonic();
    tell(`Pulling image "${name}" from ${asked.join(", ")}`);
    try {
      const size = await this.#transfer(name, { tell, signal });
      const image = await containerd.getImage(name, platform);
      if (!image) throw new Error(`image "${name}" went as soon as it came`);
      const seconds = ((clock.monotonic() - started) / 1_000).toFixed(1);
      tell(`Pulled image "${name}" in ${seconds} s${size}: ${image.digest}`);
      return image;
    } catch (thrown) {
      throw pullError(thrown, { image: name, asked });
    }
  }

  /** Returns how much came, for the last line. */
  async #transfer(
    name: string,
    { tell, signal }: { tell: Tell; signal: AbortSignal },
  ): Promise<string> {
    const { containerd, hostsDir, platform, registries, clock } = this.#options;
    const { silenceMs = SILENCE_MS } = this.#options;
    const silence = new AbortController();
    const listen = () => setTimeout(() => silence.abort(), silenceMs);
    let timer = listen();
    let told = clock.monotonic(), last: PullProgress | undefined;
    const progress = (next: PullProgress) => {
      last = next;
      clearTimeout(timer);
      timer = listen();
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
        signal: AbortSignal.any([signal, silence.signal]),
      });
    } catch (thrown) {
      if (!silence.signal.aborted) throw thrown;
      const text = `i/o timeout: nothing came in ${silenceMs / 1_000} s`;
      throw rpcError("DeadlineExceeded", text);
    } finally {
      clearTimeout(timer);
    }
    return last ? `, ${megabytes(last.totalBytes)} MB` : "";
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
