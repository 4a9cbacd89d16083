/** Messages of the API, and the part of the config. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { assertEquals } from "@std/assert";
import { TimeResponseSchema } from "#proto/time_pb.ts";
import type { ServerCall } from "#lib/rpc/call.ts";
import { timeHandlers } from "./api.ts";
import { serversOf } from "./config.ts";
import type { Answer } from "./timed.ts";

const CALL = { signal: new AbortController().signal } as ServerCall;
const ANSWER: Answer = {
  server: "time.example.org",
  localMs: 1_795_435_200_000.5,
  remoteMs: 1_795_435_201_250,
  offsetMs: 1249.5,
  delayMs: 2,
  errorMs: 1,
  stratum: 1,
};

Deno.test("timed api: Time asks the config's servers, TimeCheck the named", async () => {
  const asked: (string | undefined)[] = [];
  const handlers = timeHandlers({
    query: (server) => {
      asked.push(server);
      return Promise.resolve(ANSWER);
    },
  });
  const response = create(
    TimeResponseSchema,
    await handlers.time!({} as never, CALL),
  );
  const { messages } = fromBinary(
    TimeResponseSchema,
    toBinary(TimeResponseSchema, response),
  );
  assertEquals(messages.length, 1);
  const [message] = messages;
  assertEquals(message!.server, "time.example.org");
  assertEquals(message!.localtime?.seconds, 1_795_435_200n);
  assertEquals(message!.localtime?.nanos, 500_000);
  assertEquals(message!.remotetime?.seconds, 1_795_435_201n);
  assertEquals(message!.remotetime?.nanos, 250_000_000);
  await handlers.timeCheck!({ server: "other" } as never, CALL);
  assertEquals(asked, [undefined, "other"]);
});

Deno.test("timed config: servers, and the default for anything else", () => {
  const of = (machine: unknown) => serversOf({ machine });
  assertEquals(of({ time: { servers: ["a", "b"] } }), ["a", "b"]);
  assertEquals(of({ time: { servers: [] } }), ["pool.ntp.org"]);
  assertEquals(of({ time: { servers: "a" } }), ["pool.ntp.org"]);
  assertEquals(of({ time: { servers: [1, ""] } }), ["pool.ntp.org"]);
  assertEquals(of({ time: null }), ["pool.ntp.org"]);
  assertEquals(of(null), ["pool.ntp.org"]);
  assertEquals(serversOf({}), ["pool.ntp.org"]);
  assertEquals(of({ time: { servers: Array(50).fill("a") } }).length, 16);
});
