/** The server's end: frames by hand against what a peer may and may not do. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import { ErrorCode } from "./constants.ts";
import { Fields } from "./fields.ts";
import { OK, testServer, TRAILERS } from "./test_server.ts";
import {
  FakeTransport,
  frame,
  HELLO,
  join,
  REQUEST_BLOCK,
  SETTINGS,
  unhex,
} from "./test_wire.ts";

const REQUEST = frame(1, 0x5, 1, REQUEST_BLOCK);
const OPEN = frame(1, 0x4, 1, REQUEST_BLOCK);

Deno.test("a server greets with its limits and acknowledges settings", async () => {
  const { transport } = testServer();
  transport.feed(HELLO);
  assertEquals(await transport.frames(), [
    "SETTINGS 0 0 00 03 00 00 01 00 00 04 00 04 00 00 00 06 00 01 00 00",
    "WINDOW_UPDATE 0 0 00 0f 00 01",
    "SETTINGS 0 1",
  ]);
});

Deno.test("a request comes whole, whatever the pieces it comes in", async (t) => {
  const bytes = join(
    HELLO,
    OPEN,
    frame(0, 0, 1, "01 02"),
    frame(0, 0x9, 1, "02 03 04 00 00"),
  );
  for (const size of [1, 2, 3, 7, 9, 10, 64, bytes.length]) {
    await t.step(`pieces of ${size}`, () => {
      const { transport, got } = testServer();
      for (let at = 0; at < bytes.length; at += size) {
        transport.feed(bytes.slice(at, at + size));
      }
      assertEquals(got.length, 1);
      assertEquals(got[0]!.fields.pairs(), [
        [":method", "POST"],
        [":scheme", "http"],
        [":authority", "a"],
        [":path", "/p"],
      ]);
      assertEquals(got[0]!.log, ["data 01 02", "data 03 04 end"]);
    });
  }
});

Deno.test("an answer leaves in one write", async () => {
  const { transport } = testServer({
    respond: ({ stream }) => {
      stream.headers(OK, false);
      stream.data(unhex("0a 0b"), false);
      stream.trailers(TRAILERS);
    },
  });
  transport.feed(HELLO);
  await transport.frames();
  transport.feed(REQUEST);
  await Promise.resolve();
  assertEquals(transport.written.length, 1);
  assertEquals(await transport.frames(), [
    "HEADERS 1 4 88",
    "DATA 1 0 0a 0b",
    "HEADERS 1 5 40 88 9a ca c8 b2 12 34 da 8f 81 07",
  ]);
});

Deno.test("headers may span frames; priority and unknown frames are ignored", () => {
  const { transport, got } = testServer();
  transport.feed(
    HELLO,
    frame(2, 0, 1, "00 00 00 00 10"),
    frame(0xbe, 0, 1, "ff"),
    frame(1, 0x29, 1, "03 80 00 00 03 ff 83 00 00 00"),
    frame(9, 0, 1, REQUEST_BLOCK.slice(1, 4)),
    frame(9, 0x4, 1, REQUEST_BLOCK.slice(4)),
  );
  assertEquals(got[0]?.fields.get(":path"), "/p");
  assertEquals(got[0]?.log, ["end"]);
});

Deno.test("a cut answer resets what the client still sends", async () => {
  const { transport } = testServer({
    respond: ({ stream }) => stream.headers(OK, true),
  });
  transport.feed(HELLO);
  await transport.frames();
  transport.feed(OPEN, frame(0, 0, 1, "01"), frame(0, 1, 1, "02"));
  assertEquals(await transport.frames(), [
    "HEADERS 1 5 88",
    "RST_STREAM 1 0 00 00 00 00",
  ]);
});

/** Feeds `bytes` after the greeting; returns the GOAWAY's code, if any. */
async function goaway(...bytes: Uint8Array[]): Promise<number | undefined> {
  const { transport, closed } = testServer();
  transport.feed(HELLO, ...bytes);
  const last = (await transport.frames()).findLast((f) =>
    f.startsWith("GOAWAY")
  );
  assertEquals(closed.length, last ? 1 : 0);
  assertEquals(transport.ended, last !== undefined);
  // The payload may be shortened for reading: the code is in the reason.
  const name = /^\w+/.exec(closed[0] ?? "")?.[0];
  return name === undefined
    ? undefined
    : ErrorCode[name as keyof typeof ErrorCode];
}

Deno.test("broken rules end the connection with the right code", async (t) => {
  const {
    PROTOCOL_ERROR,
    FRAME_SIZE_ERROR,
    FLOW_CONTROL_ERROR,
    COMPRESSION_ERROR,
  } = ErrorCode;
  const cases: [string, number | undefined, ...Uint8Array[]][] = [
    ["nothing wrong", undefined, REQUEST],
    [
      "frame longer than 16384",
      FRAME_SIZE_ERROR,
      unhex("004001 00 00 00000001"),
    ],
    ["DATA on stream 0", PROTOCOL_ERROR, frame(0, 0, 0, "01")],
    ["DATA on an idle stream", PROTOCOL_ERROR, frame(0, 0, 5, "01")],
    ["HEADERS on stream 0", PROTOCOL_ERROR, frame(1, 5, 0, REQUEST_BLOCK)],
    [
      "HEADERS on an even stream",
      PROTOCOL_ERROR,
      frame(1, 5, 2, REQUEST_BLOCK),
    ],
    ["bad header block", COMPRESSION_ERROR, frame(1, 5, 1, "ff ff ff ff ff")],
    ["padding longer than DATA", PROTOCOL_ERROR, OPEN, frame(0, 8, 1, "05 00")],
    ["padding of nothing", PROTOCOL_ERROR, OPEN, frame(0, 8, 1)],
    ["HEADERS with half a priority", FRAME_SIZE_ERROR, frame(1, 0x25, 1, "00")],
    ["CONTINUATION of nothing", PROTOCOL_ERROR, frame(9, 4, 1, "82")],
    [
      "DATA within a header block",
      PROTOCOL_ERROR,
      frame(1, 0, 1, "83"),
      frame(0, 0, 1, "01"),
    ],
    [
      "CONTINUATION of another stream",
      PROTOCOL_ERROR,
      frame(1, 0, 1, "83"),
      frame(9, 4, 3, "82"),
    ],
    ["RST_STREAM on stream 0", PROTOCOL_ERROR, frame(3, 0, 0, "00000000")],
    [
      "RST_STREAM on an idle stream",
      PROTOCOL_ERROR,
      frame(3, 0, 7, "00000008"),
    ],
    ["short RST_STREAM", FRAME_SIZE_ERROR, OPEN, frame(3, 0, 1, "00")],
    ["SETTINGS on a stream", PROTOCOL_ERROR, frame(4, 0, 1)],
    ["SETTINGS of 5 bytes", FRAME_SIZE_ERROR, frame(4, 0, 0, "0001000000")],
    [
      "SETTINGS ack with payload",
      FRAME_SIZE_ERROR,
      frame(4, 1, 0, "000100000000"),
    ],
    ["ENABLE_PUSH of 2", PROTOCOL_ERROR, frame(4, 0, 0, "0002 00000002")],
    ["window of 2^31", FLOW_CONTROL_ERROR, frame(4, 0, 0, "0004 80000000")],
    ["frame size of 16383", PROTOCOL_ERROR, frame(4, 0, 0, "0005 00003fff")],
    ["frame size of 2^24", PROTOCOL_ERROR, frame(4, 0, 0, "0005 01000000")],
    ["PUSH_PROMISE", PROTOCOL_ERROR, frame(5, 4, 1, "00000002 82")],
    ["PING on a stream", PROTOCOL_ERROR, frame(6, 0, 1, "0000000000000000")],
    ["PING of 7 bytes", FRAME_SIZE_ERROR, frame(6, 0, 0, "00000000000000")],
    ["GOAWAY on a stream", PROTOCOL_ERROR, frame(7, 0, 1, "0000000000000000")],
    ["short GOAWAY", FRAME_SIZE_ERROR, frame(7, 0, 0, "00000000")],
    ["WINDOW_UPDATE of 3 bytes", FRAME_SIZE_ERROR, frame(8, 0, 0, "000001")],
    ["WINDOW_UPDATE of 0", PROTOCOL_ERROR, frame(8, 0, 0, "00000000")],
    [
      "WINDOW_UPDATE on an idle stream",
      PROTOCOL_ERROR,
      frame(8, 0, 9, "00000001"),
    ],
    [
      "connection window overflow",
      FLOW_CONTROL_ERROR,
      frame(8, 0, 0, "7fffffff"),
    ],
    ["PRIORITY on stream 0", PROTOCOL_ERROR, frame(2, 0, 0, "0000000010")],
    [
      "initial window that overflows a stream",
      FLOW_CONTROL_ERROR,
      OPEN,
      frame(8, 0, 1, "7fff0000"),
      frame(4, 0, 0, "0004 7fffffff"),
    ],
  ];
  for (const [name, code, ...frames] of cases) {
    await t.step(name, async () => {
      assertEquals(await goaway(...frames), code);
    });
  }
});

Deno.test("no preface, no SETTINGS first: the connection ends", () => {
  for (
    const bytes of [
      new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      join(HELLO.slice(0, 24), REQUEST),
      join(HELLO.slice(0, 24), frame(4, 1, 0)),
    ]
  ) {
    const { transport, closed, got } = testServer();
    transport.feed(bytes);
    assertEquals(got.length, 0);
    assertStringIncludes(closed[0]!, "PROTOCOL_ERROR");
  }
});

/** The RST_STREAM code that answers HEADERS with `block`. */
async function resetCode(block: Uint8Array): Promise<string | undefined> {
  const { transport, got, connection } = testServer();
  transport.feed(HELLO);
  await transport.frames();
  transport.feed(frame(1, 5, 1, block));
  assertEquals(connection.closed, false);
  const reset = (await transport.frames()).find((f) => f.startsWith("RST"));
  assertEquals(got.length, reset ? 0 : 1);
  return reset?.split(" ").at(-1);
}

/** A literal field without indexing. */
function literal(name: string, value: string): Uint8Array {
  const text = (s: string) => [s.length, ...new TextEncoder().encode(s)];
  return Uint8Array.from([0, ...text(name), ...text(value)]);
}

Deno.test("malformed requests are refused, the connection goes on", async (t) => {
  const cases: [string, Uint8Array][] = [
    ["no :path", unhex("83 86")],
    ["empty :path", join(unhex("83 86"), literal(":path", ""))],
    ["two :path", unhex("83 86 84 84")],
    ["a response's :status", unhex("83 86 84 88")],
    ["pseudo after regular", join(literal("a", "b"), REQUEST_BLOCK)],
    ["upper case", join(REQUEST_BLOCK, literal("A", "b"))],
    ["blank in a name", join(REQUEST_BLOCK, literal("a b", "c"))],
    ["empty name", join(REQUEST_BLOCK, literal("", "c"))],
    ["line break in a value", join(REQUEST_BLOCK, literal("a", "b\r\nc: d"))],
    ["NUL in a value", join(REQUEST_BLOCK, literal("a", "b\0"))],
    ["blank around a value", join(REQUEST_BLOCK, literal("a", " b"))],
    ["connection", join(REQUEST_BLOCK, literal("connection", "close"))],
    [
      "transfer-encoding",
      join(REQUEST_BLOCK, literal("transfer-encoding", "chunked")),
    ],
    ["te", join(REQUEST_BLOCK, literal("te", "gzip"))],
  ];
  assertEquals(await resetCode(REQUEST_BLOCK), undefined);
  for (const [name, block] of cases) {
    await t.step(name, async () => {
      assertEquals(await resetCode(block), "01");
      // The same block again comes out of the decoder's memory.
      assertEquals(await resetCode(block), "01");
    });
  }
});

Deno.test("streams above the limit are refused, later ones accepted", async () => {
  const { transport, got } = testServer({ limits: { streamsMax: 2 } });
  transport.feed(HELLO);
  await transport.frames();
  for (const id of [1, 3, 5]) {
    transport.feed(frame(1, 5, id, REQUEST_BLOCK));
  }
  assertEquals(await transport.frames(), ["RST_STREAM 5 0 00 00 00 07"]);
  got[0]!.stream.headers(OK, true);
  transport.feed(frame(1, 5, 7, REQUEST_BLOCK));
  assertEquals(got.length, 3);
});

Deno.test("DATA after END_STREAM resets the stream", async () => {
  const { transport, got } = testServer();
  transport.feed(HELLO, REQUEST);
  await transport.frames();
  transport.feed(frame(0, 0, 1, "01"));
  assertEquals(await transport.frames(), ["RST_STREAM 1 0 00 00 00 05"]);
  assertStringIncludes(got[0]!.log.at(-1)!, "closed 5");
});

Deno.test("pings are answered, settings adjust windows of open streams", async () => {
  const { transport, got } = testServer();
  transport.feed(HELLO, REQUEST, frame(4, 0, 0, "0004 00000002"));
  await transport.frames();
  transport.feed(frame(6, 0, 0, "01 02 03 04 05 06 07 08"));
  // The answer waits for company, though not for long.
  assertEquals(await transport.frames(), []);
  await eventually(() => transport.written.length > 0);
  assertEquals(await transport.frames(), ["PING 0 1 01 02 03 04 05 06 07 08"]);
  const { stream, log } = got[0]!;
  stream.headers(OK, false);
  assertEquals(stream.data(unhex("01 02 03"), false), 1);
  stream.trailers(TRAILERS);
  assertEquals(await transport.frames(), ["HEADERS 1 4 88", "DATA 1 0 01 02"]);
  transport.feed(frame(8, 0, 1, "00000001"));
  assertEquals(log, ["end", "sent 1"]);
  assertEquals((await transport.frames()).map((f) => f.slice(0, 12)), [
    "DATA 1 0 03",
    "HEADERS 1 5 ",
  ]);
});

Deno.test("a window that shrinks below zero holds data back", async () => {
  const { transport, got } = testServer();
  transport.feed(HELLO, REQUEST, frame(4, 0, 0, "0004 00000002"));
  const { stream } = got[0]!;
  stream.headers(OK, false);
  stream.data(unhex("01 02"), false);
  transport.feed(frame(4, 0, 0, "0004 00000000"));
  await transport.frames();
  assertEquals(stream.data(unhex("03"), false), 1);
  transport.feed(frame(8, 0, 1, "00000002"));
  assertEquals(await transport.frames(), []);
  transport.feed(frame(8, 0, 1, "00000001"));
  assertEquals(await transport.frames(), ["DATA 1 0 03"]);
});

Deno.test("the peer's window is given back as the user consumes", async () => {
  const { transport, got } = testServer({
    limits: { streamWindowBytes: 65_536, connectionWindowBytes: 131_072 },
  });
  transport.feed(HELLO, OPEN);
  await transport.frames();
  const piece = frame(0, 0, 1, new Uint8Array(16_384));
  transport.feed(piece, piece, piece, piece);
  assertEquals(await transport.frames(), ["WINDOW_UPDATE 0 0 00 01 00 00"]);
  got[0]!.stream.consume(32_767);
  assertEquals(await transport.frames(), []);
  got[0]!.stream.consume(1);
  assertEquals(await transport.frames(), ["WINDOW_UPDATE 1 0 00 00 80 00"]);
  transport.feed(piece, piece);
  assertEquals(transport.ended, false);
  transport.feed(frame(0, 0, 1, "01"));
  assertEquals(transport.ended, true);
});

Deno.test("what nobody consumes holds the connection's window back", async () => {
  const { transport, connection, got } = testServer({
    limits: {
      streamWindowBytes: 65_536,
      connectionWindowBytes: 131_072,
      bufferedBytesMax: 65_536,
    },
  });
  transport.feed(HELLO, OPEN, frame(1, 4, 3, REQUEST_BLOCK));
  await transport.frames();
  for (const id of [1, 3]) {
    for (let i = 0; i < 4; i++) {
      transport.feed(frame(0, 0, id, new Uint8Array(16_384)));
    }
  }
  assertEquals(connection.heldBytes, 131_072);
  assertEquals(await transport.frames(), []);
  got[0]!.stream.reset(ErrorCode.CANCEL);
  got[1]!.stream.consume(1);
  assertEquals(await transport.frames(), [
    "RST_STREAM 1 0 00 00 00 08",
    "WINDOW_UPDATE 0 0 00 02 00 00",
  ]);
});

Deno.test("a full socket holds DATA back, in turn for all streams", async () => {
  const { transport, got } = testServer();
  transport.feed(HELLO, frame(8, 0, 0, "00100000"));
  for (const id of [1, 3]) {
    transport.feed(
      frame(1, 5, id, REQUEST_BLOCK),
      frame(8, 0, id, "00100000"),
    );
  }
  transport.open = false;
  await transport.frames();
  got[0]!.stream.headers(OK, false);
  await transport.frames();
  const big = new Uint8Array(40_000);
  assertEquals(got[0]!.stream.data(big, false), 40_000);
  assertEquals(got[1]!.stream.data(big, true), 40_000);
  transport.open = true;
  transport.events!.drained();
  assertEquals(
    (await transport.frames()).map((f) => f.split(" ").slice(0, 2).join(" ")),
    ["DATA 1", "DATA 3", "DATA 1", "DATA 3", "DATA 1", "DATA 3"],
  );
});

Deno.test("shutdown lets open streams end", async () => {
  const { transport, connection, got, closed } = testServer();
  transport.feed(HELLO, REQUEST);
  await transport.frames();
  connection.shutdown();
  transport.feed(frame(1, 5, 3, REQUEST_BLOCK));
  assertEquals(got.length, 1);
  assertEquals(closed, []);
  got[0]!.stream.headers(OK, true);
  assertEquals(await transport.frames(), [
    "GOAWAY 0 0 00 00 00 01 00 00 00 00",
    "HEADERS 1 5 88",
  ]);
  assertEquals(closed, ["shut down"]);
});

Deno.test("a lost connection is told to every stream once", () => {
  const { transport, got, closed } = testServer();
  transport.feed(HELLO, OPEN);
  transport.events!.closed("ECONNRESET");
  transport.events!.closed("again");
  assertEquals(got[0]!.log, ["closed 10 ECONNRESET"]);
  assertEquals(closed, ["ECONNRESET"]);
  got[0]!.stream.headers(OK, true);
  assertEquals(got[0]!.stream.data(unhex("01"), true), 0);
});

Deno.test("large answers are cut into frames and CONTINUATIONs", async () => {
  const { transport, got } = testServer();
  transport.feed(HELLO, REQUEST);
  await transport.frames();
  got[0]!.stream.headers(
    new Fields([":status", "200", "x", "\x01".repeat(20_000)]),
    false,
  );
  got[0]!.stream.data(new Uint8Array(20_000), true);
  assertEquals(
    (await transport.frames()).map((f) => f.split(" ").slice(0, 3).join(" ")),
    ["HEADERS 1 0", "CONTINUATION 1 4", "DATA 1 0", "DATA 1 1"],
  );
});

Deno.test("a fake transport reads back what was written", () => {
  const transport = new FakeTransport();
  transport.start({ received() {}, drained() {}, closed() {} });
  assert(transport.write(SETTINGS));
  assertEquals(transport.written, [SETTINGS]);
});

Deno.test("the answer to a PING travels with the next frame", async () => {
  const { transport } = testServer({
    respond: ({ stream }) => stream.headers(OK, true),
  });
  transport.feed(HELLO);
  await transport.frames();
  transport.feed(frame(6, 0, 0, "00 00 00 00 00 00 00 01"), REQUEST);
  await Promise.resolve();
  assertEquals(transport.written.length, 1);
  assertEquals(await transport.frames(), [
    "PING 0 1 00 00 00 00 00 00 00 01",
    "HEADERS 1 5 88",
  ]);
});
