/**
 * Whether this node is to begin an empty cluster. Asked once, it holds until
 * this node has left the cluster, or is to begin it from a snapshot: then not
 * even its config can make it begin another.
 */

/** See the top of the file. */
export class BootstrapWish {
  #state: "open" | "asked" | "never" = "open";
  #asked = Promise.withResolvers<void>();

  /** `byConfig`: the config's type is init. */
  wanted(byConfig: boolean): boolean {
    return this.#state === "asked" || this.#state === "open" && byConfig;
  }

  /** Settles when it is asked for, or a snapshot is to be looked for. */
  asked(): Promise<void> {
    return this.#asked.promise;
  }

  ask(): void {
    this.#state = "asked";
    this.#asked.resolve();
  }

  /** There is a snapshot to begin from. */
  recover(): void {
    this.#asked.resolve();
    this.left();
  }

  /** This node has left. */
  left(): void {
    this.#asked = Promise.withResolvers();
    this.#state = "never";
  }
}
