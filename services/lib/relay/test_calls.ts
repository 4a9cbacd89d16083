/** For tests: gRPC backends and clients on connections in memory. */
import { ClientConnection } from "../http2/client.ts";
import { ErrorCode } from "../http2/constants.ts";
import { Fields } from "../http2/fields.ts";
import { LOCAL_LIMITS } from "../http2/limits.ts";
import { ServerConnection } from "../http2/server.ts";
import type { StreamHandle } from "../http2/stream.ts";
import { transportPair } from "../http2/test_pair.ts";
import type { Transport } from "../http2/transport.ts";

/** What a backend sees of one call, and answers it with. */
export interface BackendCall {
  readonly stream: StreamHandle;
  readonly fields: Fields;
  /** The body so far. */
  body: Uint8Array;
  /** `reset 8`, `end`. */
  readonly log: string[];
}

/** A gRPC message in its frame. */
export function framed(...octets: number[]): Uint8Array {
  return Uint8Array.of(0, 0, 0, octets.length >> 8, octets.length, ...octets);
}

const HEAD = Fields.of([":status", "200"], [
  "content-type",
  "application/grpc",
]);

/** Answers with frames and a status. */
export function answer(
  { stream }: BackendCall,
  frames: readonly Uint8Array[],
  status: readonly (readonly [string, string])[] = [["grpc-status", "0"]],
): void {
  stream.headers(HEAD, false);
  for (const one of frames) stream.data(one, false);
  stream.trailers(Fields.of(...status));
}

/** A backend that can be dialled; `onCall` runs when a body has ended. */
export class Backend {
  readonly calls: BackendCall[] = [];
  readonly #onCall: (call: BackendCall) => void;
  readonly connections: ServerConnection[] = [];

  constructor(onCall: (call: BackendCall) => void = () => {}) {
    this.#onCall = onCall;
  }

  dial = (): Promise<Transport> => {
    const [near, far] = transportPair();
    this.serve(far);
    return Promise.resolve(near);
  };

  serve(transport: Transport): ServerConnection {
    const connection = new ServerConnection(transport, {
      limits: LOCAL_LIMITS,
      onRequest: (stream, fields, end) => this.#request(stream, fields, end),
    });
    this.connections.push(connection);
    return connection;
  }

  #request(stream: StreamHandle, fields: Fields, end: boolean) {
    const call: BackendCall = {
      stream,
      fields,
      body: new Uint8Array(0),
      log: [],
    };
    this.calls.push(call);
    const ended = () => {
      call.log.push("end");
      this.#onCall(call);
    };
    if (end) queueMicrotask(ended);
    return {
      headers() {},
      data(bytes: Uint8Array, last: boolean) {
        call.body = Uint8Array.from([...call.body, ...bytes]);
        stream.consume(bytes.length);
        if (last) ended();
      },
      trailers() {},
      sent: (bytes: number) => void call.log.push(`sent ${bytes}`),
      closed: (code: number) => void call.log.push(`reset ${code}`),
    };
  }
}

/** What a client got. */
export interface Outcome {
  readonly stream: StreamHandle;
  readonly head: [string, string][];
  readonly trailers: [string, string][];
  body: Uint8Array;
  /** Set when it is over. */
  over: string | undefined;
}

/** A client of whatever serves the other end of a pair. */
export function connectTo(
  serve: (transport: Transport) => ServerConnection,
): TestClient {
  const [near, far] = transportPair();
  serve(far);
  const connection = new ClientConnection({ limits: LOCAL_LIMITS });
  connection.attach(near);
  return new TestClient(connection);
}

/** A client on a connection. */
export class TestClient {
  readonly connection: ClientConnection;

  constructor(connection: ClientConnection) {
    this.connection = connection;
  }

  /** Sends one message; without `consume` the answer is never given back. */
  call(
    path: string,
    options: {
      metadata?: readonly (readonly [string, string])[];
      message?: Uint8Array;
      consume?: boolean;
      open?: boolean;
    } = {},
  ): Outcome {
    const { metadata = [], message = framed(), consume = true } = options;
    const fields = Fields.of(
      [":method", "POST"],
      [":scheme", "https"],
      [":path", path],
      [":authority", "10.5.0.2:50000"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
      ...metadata,
    );
    const stream = this.connection.request(fields, false, {
      headers: (got, end) => {
        outcome.head.push(...got.pairs());
        if (end) outcome.over = "headers";
      },
      data: (bytes) => {
        outcome.body = Uint8Array.from([...outcome.body, ...bytes]);
        if (consume) stream.consume(bytes.length);
      },
      trailers: (got) => {
        outcome.trailers.push(...got.pairs());
        outcome.over = "trailers";
      },
      sent() {},
      closed: (code) => outcome.over = `reset ${code}`,
    });
    const outcome: Outcome = {
      stream,
      head: [],
      trailers: [],
      body: new Uint8Array(0),
      over: undefined,
    };
    stream.data(message, !options.open);
    return outcome;
  }

  cancel(outcome: Outcome): void {
    outcome.stream.reset(ErrorCode.CANCEL);
  }
}
