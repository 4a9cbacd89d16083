/**
 * Attacks by name: each floods with frames that are cheap to send, and ends
 * with ENHANCE_YOUR_CALM; a busy but honest peer does not.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Budget } from "./budget.ts";
import { OK, testServer } from "./test_server.ts";
import { frame, HELLO, join, REQUEST_BLOCK, unhex } from "./test_wire.ts";

const LIMITS = { idleFramesMax: 50, resetsMax: 20, streamsMax: 10 };
const PING = frame(6, 0, 0, "00 00 00 00 00 00 00 00");

/** Feeds `make(i)` up to 200 times; returns how many it took, and the reason. */
function flood(
  make: (i: number) => Uint8Array,
  options: { opening?: Uint8Array; respond?: boolean } = {},
): { frames: number; reason: string } {
  const server = testServer({
    limits: LIMITS,
    ...(options.respond
      ? { respond: ({ stream }) => stream.headers(OK, true) }
      : {}),
  });
  server.transport.feed(HELLO, options.opening ?? new Uint8Array(0));
  let frames = 0;
  while (!server.connection.closed && frames < 200) {
    server.transport.feed(make(frames++));
  }
  return { frames, reason: server.closed[0] ?? "" };
}

Deno.test("floods end the connection", async (t) => {
  const open = frame(1, 4, 1, REQUEST_BLOCK);
  const attacks: [string, (i: number) => Uint8Array, Uint8Array?][] = [
    ["rapid reset", (i) =>
      join(
        frame(1, 4, 2 * i + 1, REQUEST_BLOCK),
        frame(3, 0, 2 * i + 1, "00 00 00 08"),
      )],
    ["made you reset", (i) =>
      join(
        frame(1, 4, 2 * i + 1, REQUEST_BLOCK),
        frame(8, 0, 2 * i + 1, "00 00 00 00"),
      )],
    ["refused streams", (i) => frame(1, 4, 2 * i + 1, REQUEST_BLOCK)],
    ["bad requests", (i) => frame(1, 5, 2 * i + 1, "83")],
    ["pings", () => PING],
    ["settings", () => frame(4, 0, 0)],
    ["priorities", () => frame(2, 0, 1, "00 00 00 00 10")],
    ["unknown frames", () => frame(0xcc, 0, 0)],
    ["empty DATA", () => frame(0, 0, 1), open],
    ["window updates", () => frame(8, 0, 0, "00 00 00 01")],
    ["resets of a closed stream", () => frame(3, 0, 1, "00 00 00 08"), open],
    ["CONTINUATION", (i) => frame(i === 0 ? 1 : 9, 0, 1)],
    [
      "DATA after a reset",
      () => frame(0, 0, 1, "01"),
      join(open, frame(3, 0, 1, "00 00 00 08")),
    ],
  ];
  for (const [name, make, opening] of attacks) {
    await t.step(name, () => {
      const { frames, reason } = flood(make, opening ? { opening } : {});
      assertStringIncludes(reason, "ENHANCE_YOUR_CALM");
      assertEquals(frames < 100, true);
    });
  }
});

Deno.test("a busy client is no flood", () => {
  const { frames, reason } = flood(
    (i) =>
      join(
        frame(1, 4, 2 * i + 1, REQUEST_BLOCK),
        frame(0, 1, 2 * i + 1, "01"),
        frame(8, 0, 0, "00 00 00 01"),
        PING,
      ),
    { respond: true },
  );
  assertEquals({ frames, reason }, { frames: 200, reason: "" });
});

Deno.test("a header block may not grow without end", () => {
  const piece = new Uint8Array(16_384);
  const { frames, reason } = flood((i) => frame(i === 0 ? 1 : 9, 0, 1, piece));
  assertStringIncludes(reason, "header block too large");
  assertEquals(frames, 5);
});

Deno.test("a peer that does not read its answers is cut off", () => {
  const { transport, closed } = testServer();
  transport.feed(HELLO);
  transport.unsentBytes = 2 << 20;
  transport.feed(PING);
  assertStringIncludes(closed[0]!, "answers are not read");
});

Deno.test("a budget refills with time and with work", () => {
  let now = 0;
  const budget = new Budget(10, now);
  const spend = (times: number) => {
    for (let i = 0; i < times; i++) if (!budget.spend(() => now)) return i;
    return times;
  };
  assertEquals(spend(20), 10);
  now = 500;
  assertEquals(spend(20), 0);
  now = 3_000;
  assertEquals(spend(20), 3);
  budget.earn(2);
  assertEquals(spend(20), 2);
  now = 1_000_000;
  assertEquals(spend(20), 10);
});

Deno.test("random bytes and mutated traffic never do more than end it", () => {
  let seed = 20_260_101;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const traffic = join(
    frame(4, 0, 0, "0004 00010000"),
    frame(1, 4, 1, REQUEST_BLOCK),
    frame(0, 8, 1, "01 02 03"),
    frame(8, 0, 1, "00 00 10 00"),
    PING,
    frame(1, 0x21, 3, join(unhex("00 00 00 00 10"), REQUEST_BLOCK.slice(0, 3))),
    frame(9, 4, 3, REQUEST_BLOCK.slice(3)),
    frame(0, 1, 1, "04"),
    frame(3, 0, 3, "00 00 00 08"),
    frame(1, 5, 5, "40 01 61 01 62 83 86 84"),
  );
  for (let round = 0; round < 3_000; round++) {
    const { transport, got, connection } = testServer({
      limits: LIMITS,
      respond: ({ stream }) => {
        stream.headers(OK, false);
        stream.data(new Uint8Array(100), true);
      },
    });
    const bytes = traffic.slice();
    for (let i = random(6); i >= 0; i--) {
      bytes[random(bytes.length)] = random(256);
    }
    transport.feed(HELLO);
    for (let at = 0; at < bytes.length;) {
      const size = 1 + random(40);
      transport.feed(bytes.slice(at, at + size));
      at += size;
    }
    assertEquals(got.length <= 3, true);
    assertEquals(connection.streamCount <= LIMITS.streamsMax, true);
    assertEquals(connection.heldBytes <= bytes.length, true);
  }
});
