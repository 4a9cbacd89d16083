/**
 * How far an upgrade is, for any number of followers that come and go: each is
 * told all that there is first, then what changes. A slow one misses what was
 * overtaken meanwhile, and nothing queues for it.
 */
import { orAborted } from "#lib/abort.ts";
import { chainOf } from "#lib/errors.ts";

/** Something that an upgrade waits for. */
export interface UpgradeProgress {
  readonly kind: "condition" | "image" | "component";
  /** Of the condition, the reference of the image, or the component. */
  readonly name: string;
  /** Of a component. */
  readonly from?: string;
  readonly to?: string;
  readonly done: boolean;
  /** Why it waits; empty before the first look. */
  readonly reason: string;
}

/** The work of a run; what it tells goes to the followers. */
type Work = (tell: (progress: UpgradeProgress) => void) => Promise<void>;

/** See the top of the file. */
export class UpgradeRun {
  readonly to: string;
  /** Resolves when it is over, however it went. */
  readonly over: Promise<void>;
  /** By kind and name, in the order of their last change. */
  readonly #latest = new Map<string, { at: number; told: UpgradeProgress }>();
  #at = 0;
  #news = Promise.withResolvers<void>();
  #outcome: { readonly thrown?: unknown } | undefined;

  /** Begins at once; `work` ends by itself, whoever follows. */
  constructor(to: string, work: Work) {
    this.to = to;
    this.over = work((progress) => this.#tell(progress)).then(
      () => this.#end({}),
      (thrown) => this.#end({ thrown }),
    );
  }

  /** How far it is, until it is over. @throws what the work threw */
  async *follow(signal: AbortSignal): AsyncGenerator<UpgradeProgress> {
    for (let seen = 0;;) {
      const next = [...this.#latest.values()].find(({ at }) => at > seen);
      if (next) {
        seen = next.at;
        yield next.told;
      } else if (this.#outcome) {
        if ("thrown" in this.#outcome) throw this.#outcome.thrown;
        return;
      } else await orAborted(this.#news.promise, signal);
    }
  }

  /** Why it did not reach its end, if it did not. */
  get failure(): string | undefined {
    return this.#outcome && "thrown" in this.#outcome
      ? chainOf(this.#outcome.thrown)
      : undefined;
  }

  #tell(told: UpgradeProgress): void {
    const key = `${told.kind} ${told.name}`;
    this.#latest.delete(key);
    this.#latest.set(key, { at: ++this.#at, told });
    this.#wake();
  }

  #end(outcome: { readonly thrown?: unknown }): void {
    this.#outcome = outcome;
    this.#wake();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
