/** A cache of a stated size: the least recently used goes first. */

/** Values by key, each of a size; together at most `limit`. */
export class Lru<K, V> {
  readonly #limit: number;
  readonly #kept = new Map<K, { readonly value: V; readonly size: number }>();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: K): V | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.value;
  }

  /** Keeps `value`, unless it alone is larger than the limit. */
  set(key: K, value: V, size: number): void {
    this.delete(key);
    if (size > this.#limit) return;
    this.#kept.set(key, { value, size });
    this.#size += size;
    for (const [oldest, { size }] of this.#kept) {
      if (this.#size <= this.#limit) return;
      this.#kept.delete(oldest);
      this.#size -= size;
    }
  }

  delete(key: K): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    this.#kept.delete(key);
    this.#size -= kept.size;
  }
}
