/** The apids of other nodes: one cached connection to each that was named. */
import { LOCAL_LIMITS } from "#lib/http2/limits.ts";
import { type Dial, Upstream } from "#lib/relay/upstream.ts";
import type { Target } from "./targets.ts";

/** Idle connections above this are closed, the least used first. */
const REMOTES_MAX = 512;
/** A node that does not answer within this is reported as Unavailable. */
export const DIAL_TIMEOUT_MS = 5_000;

/** Connects to the apid of a node. */
export type DialNode = (target: Target) => Dial;

/** Caches connections by address. */
export class Remotes {
  readonly #dial: DialNode;
  readonly #dialTimeoutMs: number;
  /** Least recently used first. */
  readonly #upstreams = new Map<string, Upstream>();

  constructor(dial: DialNode, dialTimeoutMs = DIAL_TIMEOUT_MS) {
    this.#dial = dial;
    this.#dialTimeoutMs = dialTimeoutMs;
  }

  /** Targets that are kept. */
  get size(): number {
    return this.#upstreams.size;
  }

  /** The connection to `target`, dialled with its first call. */
  get(target: Target): Upstream {
    const { address } = target;
    const known = this.#upstreams.get(address);
    if (known) {
      this.#upstreams.delete(address);
      this.#upstreams.set(address, known);
      return known;
    }
    if (this.#upstreams.size >= REMOTES_MAX) this.#evict();
    const made = new Upstream({
      name: address,
      dial: this.#dial(target),
      // Answers of nodes are trusted as far as those of our own daemons.
      limits: LOCAL_LIMITS,
      dialTimeoutMs: this.#dialTimeoutMs,
    });
    this.#upstreams.set(address, made);
    return made;
  }

  /** Looks for nodes that are gone without a word. */
  check(): void {
    for (const upstream of this.#upstreams.values()) upstream.check();
  }

  /** Cuts all connections. */
  close(): void {
    for (const upstream of this.#upstreams.values()) upstream.close("stopped");
    this.#upstreams.clear();
  }

  #evict(): void {
    for (const [address, upstream] of this.#upstreams) {
      if (upstream.calls > 0) continue;
      upstream.retire();
      this.#upstreams.delete(address);
      return;
    }
  }
}
