/** Messages on their way to a peer, no faster than it takes them. */
import type { StreamHandle } from "../http2/stream.ts";

/** Octets that may wait for a slow peer before its sender does. */
const UNSENT_MAX = 128 << 10;

/** See the top of the file. */
export class Outflow {
  readonly #stream: Pick<StreamHandle, "data">;
  #unsent = 0;
  #drained: (() => void) | undefined;
  #released = false;

  constructor(stream: Pick<StreamHandle, "data">) {
    this.#stream = stream;
  }

  /** Sends octets; resolves when more may come. */
  async send(bytes: Uint8Array): Promise<void> {
    this.#unsent += this.#stream.data(bytes, false);
    if (this.#unsent <= UNSENT_MAX || this.#released) return;
    await new Promise<void>((resolve) => this.#drained = resolve);
  }

  /** What the stream's event of this name tells. */
  sent(bytes: number): void {
    this.#unsent -= bytes;
    if (this.#unsent <= UNSENT_MAX) this.#drained?.();
  }

  /** The stream is over: nobody waits for it any more. */
  release(): void {
    this.#released = true;
    this.#drained?.();
  }
}
