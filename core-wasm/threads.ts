/**
 * Threads that answer: Web Workers in Deno and browsers, worker_threads in
 * Node. Both sides are here, so that what is asked has one form.
 */
import { CoreError, type CoreProblemKind } from "./errors.ts";

/** How many threads are started at once, at most. */
export const THREADS_MAX = 64;

/** What a thread answers to one message. */
type Answer =
  | { readonly value: unknown }
  | {
    readonly refused: {
      readonly kind: CoreProblemKind;
      readonly what: string;
      readonly offset: number;
    };
  }
  | { readonly broken: string };

/** What there is of either kind of worker. */
interface Port {
  post(message: unknown, transfer: Transferable[]): void;
  listen(heard: (message: unknown) => void): void;
}

interface NodePort {
  postMessage(message: unknown, transfer: unknown[]): void;
  on(event: "message" | "error", heard: (message: never) => void): void;
}

/** Answers come in the order of the questions. */
export class Thread {
  readonly #port: Port;
  readonly #end: () => void;
  #waiting: ((answer: Answer) => void)[] = [];
  #broken: Answer | undefined;

  private constructor(port: Port, end: () => void) {
    this.#port = port;
    this.#end = end;
    port.listen((answer) => this.#waiting.shift()?.(answer as Answer));
  }

  /** Starts the module at `url`, which calls {@linkcode serve}. */
  static async start(url: URL): Promise<Thread> {
    if (typeof Worker === "function") return Thread.#web(url);
    const { Worker: NodeWorker } = await import("node:worker_threads");
    const worker = new NodeWorker(url);
    const end = () => void worker.terminate();
    const thread = new Thread(nodePort(worker as unknown as NodePort), end);
    worker.on("error", (error: Error) => thread.#break(error.message));
    return thread;
  }

  static #web(url: URL): Thread {
    const worker = new Worker(url, { type: "module" });
    const thread = new Thread({
      post: (message, transfer) => worker.postMessage(message, transfer),
      listen: (heard) => {
        worker.onmessage = ({ data }: MessageEvent) => heard(data);
      },
    }, () => worker.terminate());
    worker.onerror = (event) => {
      event.preventDefault();
      thread.#break(event.message);
    };
    return thread;
  }

  /** How many questions are not answered yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  #break(message: string): void {
    this.#broken = { broken: message };
    for (const answer of this.#waiting.splice(0)) answer(this.#broken);
  }

  /** Asks, and gives `transfer` away. Refusals there are thrown here. */
  async ask<T>(message: unknown, transfer: Transferable[] = []): Promise<T> {
    const answer = this.#broken ?? await new Promise<Answer>((resolve) => {
      this.#waiting.push(resolve);
      this.#port.post(message, transfer);
    });
    if ("value" in answer) return answer.value as T;
    if ("broken" in answer) throw new Error(answer.broken);
    const { kind, what, offset } = answer.refused;
    throw new CoreError(kind, what, offset);
  }

  /** Ends it; what was asked is answered no more. */
  end(): void {
    this.#end();
    this.#break("the thread was ended");
  }
}

function nodePort(port: NodePort): Port {
  return {
    post: (message, transfer) => port.postMessage(message, transfer),
    listen: (heard) => port.on("message", heard as (message: never) => void),
  };
}

/** The part of a worker's global scope that is used. */
interface Scope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(answer: unknown, transfer: Transferable[]): void;
}

async function ownPort(): Promise<Port> {
  if (typeof Worker === "function") {
    const scope = globalThis as unknown as Scope;
    return {
      post: (message, transfer) => scope.postMessage(message, transfer),
      listen: (heard) => {
        scope.onmessage = ({ data }) => heard(data);
      },
    };
  }
  const { parentPort } = await import("node:worker_threads");
  return nodePort(parentPort as unknown as NodePort);
}

/** What is answered, and what of it is given away. */
export interface Served {
  readonly value: unknown;
  readonly transfer?: Transferable[];
}

/** In a thread: answers every message with what `handle` makes of it. */
export function serve(
  handle: (message: unknown) => Served | Promise<Served>,
): void {
  const answer = async (port: Port, message: unknown) => {
    try {
      const { value, transfer } = await handle(message);
      port.post({ value }, transfer ?? []);
    } catch (thrown) {
      port.post(failure(thrown), []);
    }
  };
  let last = Promise.resolve();
  ownPort().then((port) =>
    port.listen((message) => {
      last = last.then(() => answer(port, message));
    })
  );
}

function failure(thrown: unknown): Answer {
  if (!(thrown instanceof CoreError)) return { broken: String(thrown) };
  const { kind, what, offset } = thrown;
  return { refused: { kind, what, offset } };
}
