/** Peers that are gone, and peers that only have nothing to say. */
import { assertEquals } from "@std/assert";
import { ClientConnection } from "../http2/client.ts";
import { Fields } from "../http2/fields.ts";
import { LOCAL_LIMITS } from "../http2/limits.ts";
import { logging } from "../http2/test_server.ts";
import { FakeTransport, frame, SETTINGS } from "../http2/test_wire.ts";
import { ANSWER_MS, Liveness, QUIET_MS, SILENCE_MS } from "./liveness.ts";

const REQUEST = Fields.of(
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/p"],
);
const ACK = frame(6, 1, 0, "00 00 00 00 00 00 00 00");

function setup() {
  const clock = { now: 0 };
  const transport = new FakeTransport();
  const connection = new ClientConnection({
    limits: LOCAL_LIMITS,
    now: () => clock.now,
  });
  connection.attach(transport);
  transport.feed(SETTINGS);
  const log: string[] = [];
  connection.request(REQUEST, true, logging(log));
  const liveness = new Liveness(connection, () => clock.now);
  const pings = async () => {
    const frames = await transport.frames();
    return frames.filter((f) => f.startsWith("PING")).length;
  };
  const after = (ms: number) => {
    clock.now += ms;
    liveness.check();
  };
  return { transport, connection, log, pings, after };
}

Deno.test("a peer that does not answer is cut off", async () => {
  const { log, pings, after } = setup();
  after(SILENCE_MS - 1);
  assertEquals(await pings(), 0);
  after(1);
  assertEquals(await pings(), 1);
  after(ANSWER_MS - 1);
  assertEquals(log, []);
  after(1);
  assertEquals(log, ["closed 10 the peer does not answer"]);
});

Deno.test("a quiet stream is asked rarely", async () => {
  const { transport, log, pings, after } = setup();
  after(SILENCE_MS);
  assertEquals(await pings(), 1);
  after(10);
  transport.feed(ACK);
  for (let waited = 0; waited < QUIET_MS - SILENCE_MS; waited += 5_000) {
    after(5_000);
  }
  assertEquals(await pings(), 0);
  after(2 * SILENCE_MS);
  assertEquals(await pings(), 1);
  assertEquals(log, []);
});

Deno.test("a stream that spoke may be asked again", async () => {
  const { transport, pings, after } = setup();
  after(SILENCE_MS);
  after(10);
  transport.feed(ACK, frame(1, 4, 1, "88"));
  await pings();
  after(SILENCE_MS);
  assertEquals(await pings(), 1);
});

Deno.test("without calls nobody is asked", async () => {
  const { transport, pings, after } = setup();
  transport.feed(frame(1, 5, 1, "88"));
  after(10 * QUIET_MS);
  assertEquals(await pings(), 0);
});
