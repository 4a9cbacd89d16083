/**
 * Checksums on one instance. Any number of hashers may be under way: the state
 * of the last used one is in the module, the others keep a copy (104 bytes for
 * sha256, 18 KiB for blake3), so none has to be closed.
 */
import type { Algorithm, Instance } from "./instance.ts";

/** A checksum under way. */
export interface Hasher {
  /** Takes in the next bytes. */
  update(bytes: Uint8Array): this;
  /** The digest, in the order of bytes it is printed in. Only once. */
  digest(): Uint8Array<ArrayBuffer>;
}

/** What computes checksums: core.wasm, or the reference. */
export interface Hashes {
  hash(algorithm: Algorithm, bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  hasher(algorithm: Algorithm): Hasher;
}

/** A hasher whose state lives in an instance, or here while it is out. */
class CoreHasher implements Hasher {
  readonly #instance: Instance;
  readonly #algorithm: Algorithm;
  #saved: Uint8Array | undefined;
  #done = false;

  constructor(instance: Instance, algorithm: Algorithm) {
    this.#instance = instance;
    this.#algorithm = algorithm;
    leave(instance, algorithm);
    instance.start(algorithm, this);
  }

  /** Keeps a copy of the state: another is about to take the place. */
  leave(): void {
    this.#saved = this.#instance.save(this.#algorithm);
  }

  #enter(): void {
    if (this.#done) throw new Error("this hasher has given its digest");
    if (this.#instance.owner(this.#algorithm) === this) return;
    leave(this.#instance, this.#algorithm);
    this.#instance.restore(this.#algorithm, this.#saved!, this);
  }

  update(bytes: Uint8Array): this {
    this.#enter();
    this.#instance.update(this.#algorithm, bytes);
    return this;
  }

  digest(): Uint8Array<ArrayBuffer> {
    this.#enter();
    this.#done = true;
    return this.#instance.finish(this.#algorithm);
  }
}

/** Makes the hasher whose state of `algorithm` is in the module keep a copy. */
export function leave(instance: Instance, algorithm: Algorithm): void {
  const owner = instance.owner(algorithm);
  if (owner instanceof CoreHasher) owner.leave();
}

/** A hasher of `algorithm`. */
export function createHasher(instance: Instance, algorithm: Algorithm): Hasher {
  return new CoreHasher(instance, algorithm);
}

/** The digest of `bytes`. */
export function hash(
  instance: Instance,
  algorithm: Algorithm,
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  leave(instance, algorithm);
  // No hasher owns a one-shot.
  instance.start(algorithm, bytes);
  instance.update(algorithm, bytes);
  return instance.finish(algorithm);
}
