/**
 * Whether this node is to begin a cluster. Asked once, it holds until this
 * node has left the cluster: then not even its config can make it begin a
 * second one beside that which lives.
 */

/** See the top of the file. */
export class BootstrapWish {
  #state: "open" | "asked" | "left" = "open";
  #asked = Promise.withResolvers<void>();

  /** `byConfig`: the config's type is init. */
  wanted(byConfig: boolean): boolean {
    return this.#state === "asked" || this.#state === "open" && byConfig;
  }

  /** Settles when it is asked for. */
  asked(): Promise<void> {
    return this.#asked.promise;
  }

  ask(): void {
    this.#state = "asked";
    this.#asked.resolve();
  }

  /** This node has left. */
  left(): void {
    if (this.#state === "asked") this.#asked = Promise.withResolvers();
    this.#state = "left";
  }
}
