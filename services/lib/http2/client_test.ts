/** The client's end, and both ends against each other. */
import { assertEquals } from "@std/assert";
import { ClientConnection } from "./client.ts";
import { ErrorCode } from "./constants.ts";
import { Fields } from "./fields.ts";
import { LOCAL_LIMITS, NETWORK_LIMITS } from "./limits.ts";
import { ServerConnection } from "./server.ts";
import { logging } from "./test_server.ts";
import { transportPair } from "./test_pair.ts";
import { FakeTransport, frame, join, SETTINGS, unhex } from "./test_wire.ts";

const REQUEST = Fields.of(
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/p"],
);
const OK = Fields.of([":status", "200"]);
const TRAILERS = Fields.of(["grpc-status", "0"]);

function testClient() {
  const transport = new FakeTransport();
  const closed: string[] = [];
  const connection = new ClientConnection({
    limits: { ...NETWORK_LIMITS, waitingMax: 2 },
    now: () => 0,
    onClosed: (reason) => closed.push(reason),
  });
  const request = (end = true) => {
    const log: string[] = [];
    const stream = connection.request(REQUEST, end, logging(log));
    return { stream, log };
  };
  return { transport, connection, closed, request };
}

Deno.test("requests wait for the transport, then for room", async () => {
  const { transport, connection, request } = testClient();
  const first = request(false);
  const second = request();
  assertEquals(first.stream.data(unhex("01 02"), true), 2);
  connection.attach(transport);
  transport.feed(frame(4, 0, 0, "0003 00000001"));
  assertEquals((await transport.frames()).slice(2), [
    "HEADERS 1 4 83 86 44 82 62 bf",
    "DATA 1 1 01 02",
    "HEADERS 3 5 83 86 be",
    "SETTINGS 0 1",
  ]);
  const third = request();
  assertEquals(connection.waitingCount, 1);
  transport.feed(frame(1, 5, 1, "88"));
  assertEquals(await transport.frames(), []);
  transport.feed(frame(1, 4, 3, "88"), frame(0, 1, 3, "0a"));
  assertEquals(await transport.frames(), ["HEADERS 5 5 83 86 be"]);
  assertEquals(first.log, ["sent 2", "headers :status,200 end"]);
  assertEquals(second.log, ["headers :status,200", "data 0a end"]);
  assertEquals(third.log, []);
});

Deno.test("dialling that fails is told to each request", async () => {
  const { connection, closed, request } = testClient();
  const first = request();
  const second = request();
  const third = request();
  second.stream.reset(ErrorCode.CANCEL);
  await Promise.resolve();
  assertEquals(third.log, ["closed 7 too many requests wait"]);
  // A cancelled request makes room.
  const fourth = request();
  connection.abandon("connection refused");
  assertEquals(first.log, ["closed 7 connection refused"]);
  assertEquals(second.log, []);
  assertEquals(fourth.log, ["closed 7 connection refused"]);
  assertEquals(closed, ["connection refused"]);
  const fifth = request();
  await Promise.resolve();
  assertEquals(fifth.log, ["closed 7 not connected"]);
});

Deno.test("responses: informational, body, trailers, reset", async () => {
  const { transport, connection, request } = testClient();
  connection.attach(transport);
  transport.feed(SETTINGS);
  const { stream, log } = request(false);
  await transport.frames();
  transport.feed(
    frame(1, 4, 1, "48 03 31 30 33"),
    frame(1, 4, 1, "88"),
    frame(0, 0, 1, "01"),
    frame(1, 5, 1, "00 0b 67 72 70 63 2d 73 74 61 74 75 73 01 30"),
  );
  assertEquals(log, [
    "headers :status,200",
    "data 01",
    "trailers grpc-status,0",
  ]);
  // The answer is complete, the request was not.
  assertEquals(await transport.frames(), ["RST_STREAM 1 0 00 00 00 00"]);
  assertEquals(stream.data(unhex("01"), false), 0);
  const second = request();
  transport.feed(frame(3, 0, 3, "00 00 00 07"));
  assertEquals(second.log, ["closed 7 reset by the peer: REFUSED_STREAM"]);
});

Deno.test("malformed responses reset their stream", async (t) => {
  const cases: [string, Uint8Array][] = [
    ["no :status", frame(1, 4, 1, "00 01 61 01 62")],
    ["a request's :path", frame(1, 4, 1, "88 84")],
    ["status of two digits", frame(1, 4, 1, "48 02 39 39")],
    ["DATA before HEADERS", frame(0, 0, 1, "01")],
    ["END_STREAM with 1xx", frame(1, 5, 1, "48 03 31 30 33")],
    [
      "HEADERS within the body",
      join(frame(1, 4, 1, "88"), frame(1, 4, 1, "88")),
    ],
    [
      "pseudo-header in trailers",
      join(frame(1, 4, 1, "88"), frame(1, 5, 1, "88")),
    ],
  ];
  for (const [name, bytes] of cases) {
    await t.step(name, async () => {
      const { transport, connection, request } = testClient();
      connection.attach(transport);
      transport.feed(SETTINGS);
      const { log } = request();
      await transport.frames();
      transport.feed(bytes);
      assertEquals(await transport.frames(), ["RST_STREAM 1 0 00 00 00 01"]);
      assertEquals(log.at(-1)!.startsWith("closed 1 "), true);
      assertEquals(connection.closed, false);
    });
  }
});

Deno.test("GOAWAY refuses what came after, and lets the rest end", async () => {
  const { transport, connection, closed, request } = testClient();
  connection.attach(transport);
  transport.feed(SETTINGS);
  const first = request();
  const second = request();
  transport.feed(frame(7, 0, 0, "00 00 00 01 00 00 00 00"));
  assertEquals(second.log, ["closed 7 the peer goes away"]);
  assertEquals(connection.usable, false);
  transport.feed(frame(1, 5, 1, "88"));
  await transport.frames();
  assertEquals(first.log, ["headers :status,200 end"]);
  assertEquals(closed, ["shut down"]);
});

Deno.test("a ping comes back", () => {
  const { transport, connection } = testClient();
  connection.attach(transport);
  transport.feed(SETTINGS);
  let acks = 0;
  connection.ping(() => acks++);
  transport.feed(frame(6, 1, 0, "00 00 00 00 00 00 00 00"));
  transport.feed(frame(6, 1, 0, "00 00 00 00 00 00 00 00"));
  assertEquals(acks, 1);
});

Deno.test("a megabyte goes there and back through small windows", async () => {
  const limits = {
    ...LOCAL_LIMITS,
    streamWindowBytes: 65_535,
    connectionWindowBytes: 65_536,
  };
  const [near, far] = transportPair();
  new ServerConnection(far, {
    limits,
    onRequest(stream) {
      stream.headers(OK, false);
      return {
        headers() {},
        data(bytes, end) {
          // Echoes; what has to wait is given back when it leaves.
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
  const client = new ClientConnection({ limits });
  client.attach(near);
  const total = 1 << 20;
  let came = 0;
  let sum = 0;
  const done = Promise.withResolvers<void>();
  const stream = client.request(REQUEST, false, {
    headers() {},
    data(bytes) {
      came += bytes.length;
      for (const octet of bytes) sum += octet;
      stream.consume(bytes.length);
    },
    trailers: () => done.resolve(),
    sent() {},
    closed: (_, reason) => done.reject(new Error(reason)),
  });
  const chunk = new Uint8Array(total / 16).fill(3);
  for (let i = 0; i < 16; i++) stream.data(chunk, i === 15);
  await done.promise;
  assertEquals([came, sum], [total, 3 * total]);
  assertEquals(client.streamCount, 0);
  assertEquals(client.heldBytes, 0);
});
