/** Calls in which both sides send, on a connection in memory. */
import { assertEquals, assertRejects } from "@std/assert";
import { Streaming, StreamInitSchema } from "#proto/containerd_streaming_pb.ts";
import { Fields } from "../http2/fields.ts";
import { LOCAL_LIMITS } from "../http2/limits.ts";
import { ServerConnection } from "../http2/server.ts";
import type { StreamHandle } from "../http2/stream.ts";
import { transportPair } from "../http2/test_pair.ts";
import { Upstream } from "../relay/upstream.ts";
import { eventually } from "#tests/eventually.ts";
import { createClient } from "./client.ts";
import { MessageReader } from "./messages.ts";
import { RpcError } from "./status.ts";

const HEAD = Fields.of([":status", "200"], [
  "content-type",
  "application/grpc",
]);

/** A peer that sends every message back, and ends when it is told `end`. */
function setUp() {
  const log: string[] = [];
  const [near, far] = transportPair();
  const end = (stream: StreamHandle, status: string) =>
    stream.trailers(Fields.of(["grpc-status", status]));
  let open: StreamHandle | undefined;
  new ServerConnection(far, {
    limits: LOCAL_LIMITS,
    now: () => 0,
    onClosed: () => {},
    onRequest(stream) {
      open = stream;
      stream.headers(HEAD, false);
      const reader = new MessageReader(1 << 20);
      return {
        headers: () => {},
        data(bytes, last) {
          log.push(...reader.push(bytes).map(() => "message"));
          if (last) log.push("end");
          // What came goes back, frame by frame.
          stream.data(bytes, false);
          stream.consume(bytes.length);
        },
        trailers: () => {},
        sent: () => {},
        closed: (code) => void log.push(`closed ${code}`),
      };
    },
  });
  const upstream = new Upstream({
    name: "peer",
    dial: () => Promise.resolve(near),
    limits: LOCAL_LIMITS,
    dialTimeoutMs: 1_000,
  });
  const client = createClient(Streaming, {
    upstream,
    options: { target: { socket: "peer" } },
    close: () => upstream.close("over"),
  });
  const first = { typeUrl: StreamInitSchema.typeName, value: Uint8Array.of(1) };
  return {
    log,
    upstream,
    call: client.stream(first),
    end: (status: string) => end(open!, status),
  };
}

Deno.test("both sides send as they like, until the peer ends it", async () => {
  const { call, log, end, upstream } = setUp();
  assertEquals((await call.next())?.value, Uint8Array.of(1));
  call.send({ typeUrl: "x", value: Uint8Array.of(2, 3) });
  call.send({ typeUrl: "y" });
  assertEquals((await call.next())?.value, Uint8Array.of(2, 3));
  assertEquals((await call.next())?.typeUrl, "y");
  assertEquals(log, ["message", "message", "message"]);
  end("0");
  assertEquals(await call.next(), undefined);
  // Our side is given up with it: nothing stays half open.
  call.send({ typeUrl: "late" });
  await eventually(() => upstream.calls === 0);
  assertEquals(log.filter((line) => line === "message").length, 3);
});

Deno.test("a peer that ends it with an error is heard", async () => {
  const { call, end } = setUp();
  await call.next();
  end("5");
  await assertRejects(() => call.next(), RpcError, "NotFound");
});

Deno.test("a call that is given up is reset", async () => {
  const { call, log } = setUp();
  await call.next();
  call.cancel();
  await assertRejects(() => call.next(), RpcError, "Canceled");
  await eventually(() => log.includes("closed 8"));
});
