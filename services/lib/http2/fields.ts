/**
 * A list of header fields. Names and values are latin1 strings, as HTTP/2
 * carries octets. A list is not changed once it is made, so that what was
 * derived from it can be kept with it.
 */

/** Header fields in their order; a name may come more than once. */
export class Fields {
  /** name, value, name, value ... */
  readonly flat: readonly string[];
  /**
   * The same object comes again for the same block, so that work done for it
   * is worth keeping (see {@linkcode memo}).
   */
  stable: boolean;
  /** header_check.ts found nothing wrong with it. */
  checked = false;
  /** What a user derived from a stable list; theirs to define. */
  memo: unknown = undefined;

  constructor(flat: readonly string[], stable = false) {
    this.flat = flat;
    this.stable = stable;
  }

  /** From pairs, for lists that are written by hand; stable. */
  static of(...pairs: readonly (readonly [string, string])[]): Fields {
    return new Fields(pairs.flat(), true);
  }

  /** The first value of `name`. */
  get(name: string): string | undefined {
    const { flat } = this;
    for (let i = 0; i < flat.length; i += 2) {
      if (flat[i] === name) return flat[i + 1];
    }
    return undefined;
  }

  /** All values of `name`, in order. */
  all(name: string): string[] {
    const { flat } = this;
    const values: string[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      if (flat[i] === name) values.push(flat[i + 1]!);
    }
    return values;
  }

  /** Pairs, for tests and logs. */
  pairs(): [string, string][] {
    const pairs: [string, string][] = [];
    for (let i = 0; i < this.flat.length; i += 2) {
      pairs.push([this.flat[i]!, this.flat[i + 1]!]);
    }
    return pairs;
  }
}
