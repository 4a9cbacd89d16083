/** For tests: a server connection on a fake transport, and what it was told. */
import { Fields } from "./fields.ts";
import { type Limits, NETWORK_LIMITS } from "./limits.ts";
import { ServerConnection } from "./server.ts";
import type { StreamEvents, StreamHandle } from "./stream.ts";
import { FakeTransport, hex } from "./test_wire.ts";

/** One request that came. */
export interface Got {
  readonly stream: StreamHandle;
  readonly fields: Fields;
  readonly log: string[];
}

/** Stream events as lines of text. */
export function logging(log: string[]): StreamEvents {
  return {
    headers: (fields, end) =>
      log.push(`headers ${fields.pairs().join(" ")}${end ? " end" : ""}`),
    data: (bytes, end) =>
      log.push(
        `data ${bytes.length > 16 ? `(${bytes.length})` : hex(bytes)}${
          end ? " end" : ""
        }`,
      ),
    trailers: (fields) => log.push(`trailers ${fields.pairs().join(" ")}`),
    sent: (bytes) => log.push(`sent ${bytes}`),
    closed: (code, reason) => log.push(`closed ${code} ${reason}`),
  };
}

/** A server that records; `respond` may answer at once. */
export function testServer(options: {
  limits?: Partial<Limits>;
  now?: () => number;
  respond?: (got: Got) => void;
} = {}) {
  const transport = new FakeTransport();
  const got: Got[] = [];
  const closed: string[] = [];
  const connection = new ServerConnection(transport, {
    limits: { ...NETWORK_LIMITS, ...options.limits },
    now: options.now ?? (() => 0),
    onClosed: (reason) => closed.push(reason),
    onRequest(stream, fields, end) {
      const one: Got = { stream, fields, log: end ? ["end"] : [] };
      got.push(one);
      options.respond?.(one);
      return logging(one.log);
    },
  });
  return { transport, connection, got, closed };
}

/** `:status 200`. */
export const OK = Fields.of([":status", "200"]);
/** `grpc-status 0`. */
export const TRAILERS = Fields.of(["grpc-status", "0"]);
