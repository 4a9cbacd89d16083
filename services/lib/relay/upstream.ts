/**
 * One target of a relay with its cached connection: dialled when the first
 * call comes, again when it is lost. Calls wait while it is dialled; when that
 * fails each of them is told why.
 */
import { ClientConnection } from "../http2/client.ts";
import type { Fields } from "../http2/fields.ts";
import type { Limits } from "../http2/limits.ts";
import type { StreamEvents, StreamHandle } from "../http2/stream.ts";
import type { Transport } from "../http2/transport.ts";
import { chainOf } from "../errors.ts";
import { Liveness } from "./liveness.ts";

/** Connects, or rejects; gives up when the signal aborts. */
export type Dial = (signal: AbortSignal) => Promise<Transport>;

/** What an upstream is made with. */
export interface UpstreamOptions {
  /** For texts, `10.5.0.3:50000` or a socket's path. */
  readonly name: string;
  readonly dial: Dial;
  readonly limits: Limits;
  readonly dialTimeoutMs: number;
}

/** A cached connection to one target. */
export class Upstream {
  readonly #options: UpstreamOptions;
  #connection: ClientConnection | undefined;
  #dialling: AbortController | undefined;
  #liveness: Liveness | undefined;

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Calls that run or wait. */
  get calls(): number {
    const connection = this.#connection;
    return connection ? connection.streamCount + connection.waitingCount : 0;
  }

  /** The cached connection, while it can be used. */
  get connection(): ClientConnection | undefined {
    return this.#connection?.usable ? this.#connection : undefined;
  }

  /** Sends a request; dials first when there is no connection. */
  request(fields: Fields, end: boolean, events: StreamEvents): StreamHandle {
    if (!this.#connection?.usable) this.#connection = this.#connect();
    return this.#connection.request(fields, end, events);
  }

  /** Cuts the connection when its peer is gone; called every few seconds. */
  check(): void {
    this.#liveness?.check();
  }

  /** The next call dials anew; calls that run end in peace. */
  retire(): void {
    this.#connection?.shutdown();
    this.#connection = undefined;
  }

  /** Cuts everything. */
  close(reason: string): void {
    this.#dialling?.abort(new Error(reason));
    this.#connection?.abandon(reason);
    this.#connection = undefined;
  }

  #connect(): ClientConnection {
    const { name, dial, dialTimeoutMs, limits } = this.#options;
    const connection = new ClientConnection({ limits });
    this.#liveness = undefined;
    const dialling = new AbortController();
    this.#dialling = dialling;
    const timer = setTimeout(
      () => dialling.abort(new Error(`no answer within ${dialTimeoutMs} ms`)),
      dialTimeoutMs,
    );
    dial(dialling.signal)
      .then((transport) => {
        connection.attach(transport);
        this.#liveness = new Liveness(connection, () => performance.now());
      })
      .catch((thrown) =>
        connection.abandon(`Cannot connect to "${name}": ${chainOf(thrown)}`)
      )
      .finally(() => clearTimeout(timer));
    return connection;
  }
}
