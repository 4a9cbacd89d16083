/**
 * The messages that a peer sends on one stream, for one who pulls them: what
 * is not pulled fills the peer's window and halts it.
 */
import { MessageReader } from "./messages.ts";
import { rpcError } from "./status.ts";

/** What an {@linkcode Inbox} is made with. */
export interface InboxOptions {
  /** Longer messages are refused. */
  readonly bytesMax: number;
  /** Gives octets back to the peer's window. */
  readonly consume: (bytes: number) => void;
}

/** See the top of the file. */
export class Inbox {
  readonly #reader: MessageReader;
  readonly #consume: (bytes: number) => void;
  readonly #queue: Uint8Array[] = [];
  /** Received and not given back to the peer's window. */
  #unconsumed = 0;
  /** Set when nothing more comes: no error is a good end. */
  #end: { readonly error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  constructor({ bytesMax, consume }: InboxOptions) {
    this.#reader = new MessageReader(bytesMax);
    this.#consume = consume;
  }

  /** Nothing more comes. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Nothing of a message has come without its rest. */
  get between(): boolean {
    return this.#reader.between;
  }

  /** Takes octets, which are only lent. @throws {RpcError} */
  push(bytes: Uint8Array): void {
    this.#unconsumed += bytes.length;
    if (!this.#end) this.#queue.push(...this.#reader.push(bytes));
    this.#giveBack();
    if (this.#queue.length > 0) this.#wake?.();
  }

  /** What has come can still be pulled; then the end or `error` is told. */
  finish(error?: Error): void {
    if (this.#end) return;
    this.#end = { error };
    this.#wake?.();
  }

  /** Nobody wants what has come. */
  drop(error: Error): void {
    this.#queue.length = 0;
    this.#giveBack();
    this.finish(error);
  }

  /** The next message; undefined at a good end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const message = this.#queue.shift();
      if (message) {
        this.#giveBack();
        return message;
      }
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** The one message that there is to be; `what` names it in errors. */
  async only(what: "request" | "answer"): Promise<Uint8Array> {
    const message = await this.next();
    if (message === undefined) {
      throw rpcError("Internal", `the ${what} has no message`);
    }
    if (await this.next() !== undefined) {
      throw rpcError("Internal", `the ${what} has more than one message`);
    }
    return message;
  }

  /** A message that is not complete may not wait for a window of its own. */
  #giveBack(): void {
    if (this.#queue.length > 0 || this.#unconsumed === 0) return;
    this.#consume(this.#unconsumed);
    this.#unconsumed = 0;
  }
}
