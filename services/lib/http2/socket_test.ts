/**
 * Real sockets, plain and TLS: megabytes on several streams at once come back
 * octet by octet, although write buffers are used again.
 */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { connect, createServer, type Server, type Socket } from "node:net";
import * as tls from "node:tls";
import { Ca, generateCa, tlsKey } from "../pki/mod.ts";
import { ClientConnection } from "./client.ts";
import { Fields } from "./fields.ts";
import { LOCAL_LIMITS } from "./limits.ts";
import { ServerConnection } from "./server.ts";
import { socketTransport } from "./socket_transport.ts";

const REQUEST = Fields.of([":method", "POST"], [":scheme", "http"], [
  ":path",
  "/echo",
]);
const OK = Fields.of([":status", "200"]);
const TRAILERS = Fields.of(["grpc-status", "0"]);
const STREAMS = 4;
const STREAM_BYTES = 3_000_000;

function echo(socket: Socket): void {
  new ServerConnection(socketTransport(socket), {
    limits: LOCAL_LIMITS,
    onRequest(stream) {
      stream.headers(OK, false);
      return {
        headers() {},
        data(bytes, end) {
          const queued = stream.data(bytes, false);
          stream.consume(bytes.length - queued);
          if (end) stream.trailers(TRAILERS);
        },
        trailers() {},
        sent: (bytes) => stream.consume(bytes),
        closed() {},
      };
    },
  });
}

/** The octet at a place of a stream: no two neighbours and streams alike. */
function octetAt(stream: number, place: number): number {
  return (place * 31 + (place >> 8) * 7 + (place >> 16) + stream * 97) & 255;
}

/** Sends a stream through `client`; returns how many octets came back wrong. */
function roundTrip(client: ClientConnection, index: number) {
  return new Promise<{ came: number; wrong: number }>((resolve, reject) => {
    let came = 0;
    let wrong = 0;
    let sent = 0;
    let waiting = 0;
    const stream = client.request(REQUEST, false, {
      headers() {},
      data(bytes) {
        for (const octet of bytes) {
          if (octet !== octetAt(index, came++)) wrong++;
        }
        stream.consume(bytes.length);
      },
      trailers: () => resolve({ came, wrong }),
      sent(bytes) {
        waiting -= bytes;
        if (waiting === 0) push();
      },
      closed: (_, reason) => reject(new Error(reason)),
    });
    const push = () => {
      while (waiting === 0 && sent < STREAM_BYTES) {
        const length = Math.min(50_000, STREAM_BYTES - sent);
        const piece = Uint8Array.from(
          { length },
          (_, i) => octetAt(index, sent + i),
        );
        sent += length;
        waiting += stream.data(piece, sent === STREAM_BYTES);
      }
    };
    push();
  });
}

async function check(
  server: Server,
  where: { path: string } | { port: number; host: string },
  dial: (port: number) => Socket,
): Promise<void> {
  await new Promise<void>((resolve) => server.listen(where, resolve));
  const address = server.address();
  const port = typeof address === "object" ? address!.port : 0;
  const client = new ClientConnection({ limits: LOCAL_LIMITS });
  const socket = dial(port);
  const ready = "secureConnecting" in socket ? "secureConnect" : "connect";
  await new Promise((resolve, reject) => {
    socket.once(ready, resolve);
    socket.once("error", reject);
  });
  client.attach(socketTransport(socket));
  const results = await Promise.all(
    Array.from({ length: STREAMS }, (_, i) => roundTrip(client, i)),
  );
  const expected = { came: STREAM_BYTES, wrong: 0 };
  assertEquals(results, Array(STREAMS).fill(expected));
  client.shutdown();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

Deno.test("octets survive a unix socket", async () => {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "s");
  await check(createServer(echo), { path }, () => connect({ path }));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("octets survive TLS", async () => {
  const pair = await generateCa({ kind: "machine" });
  const { crt, key } = await (await Ca.load(pair)).issuePair({
    usages: ["server"],
    addresses: ["127.0.0.1"],
  });
  await check(
    tls.createServer({ cert: crt, key: tlsKey(key) }, echo),
    { host: "127.0.0.1", port: 0 },
    (port) => tls.connect({ host: "127.0.0.1", port, ca: pair.crt }),
  );
});
