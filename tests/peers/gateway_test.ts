/**
 * The gateway against independent implementations: clients of grpc-go 1.29 and
 * of today, dialling as the seed-era client does, and a backend in Go.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromBinary } from "@bufbuild/protobuf";
import { EmptyResponseSchema } from "#proto/common_pb.ts";
import { VersionResponseSchema } from "#proto/machine_pb.ts";
import { unhex } from "#lib/http2/test_wire.ts";
import { peerCall, peerLoad, startPeer } from "#tests/peer.ts";
import { startEdge, writePki } from "../bench/gateway_chain.ts";
import type { Peer } from "./build.ts";

const STREAM = "/machine.MachineService/Stream";
const text = (s: string) =>
  [...new TextEncoder().encode(s)].map((n) => n.toString(16).padStart(2, "0"))
    .join("");

for (const peer of ["seed", "current"] as const satisfies readonly Peer[]) {
  Deno.test(`a ${peer} grpc-go client through apid and routerd`, async (t) => {
    const dir = await Deno.makeTempDir();
    const identity = await writePki(dir);
    const socket = `${dir}/backend.sock`;
    await using _backend = await startPeer("backend", { listen: socket });
    await using edge = await startEdge(dir, socket, identity);
    const flags = {
      endpoints: edge.address,
      ca: `${dir}/ca.crt`,
      crt: `${dir}/admin.crt`,
      key: `${dir}/admin.key`,
    };
    const version = (hex: string) =>
      fromBinary(VersionResponseSchema, unhex(hex)).messages;

    await t.step("a call to this node", async () => {
      const { code, messages } = await peerCall(flags, peer);
      assertEquals(code, 0);
      const [message] = version(messages[0]!);
      assertEquals(message!.version!.tag, "v0.8.5");
      assertEquals(message!.metadata, undefined);
    });

    await t.step("several endpoints are used in turn", async () => {
      const { code } = await peerCall({
        ...flags,
        endpoints: `${edge.address},${edge.address}`,
      }, peer);
      assertEquals(code, 0);
    });

    await t.step("octets come back as they went", async () => {
      const data = "0a".repeat(100_000);
      const { messages } = await peerCall({
        ...flags,
        path: "/machine.MachineService/Echo",
        data: data.slice(0, 100_000),
      }, peer);
      assertEquals(messages[0]!.length, 100_000);
    });

    await t.step("a status with its trailers", async () => {
      const result = await peerCall(
        { ...flags, path: "/machine.MachineService/Fail" },
        peer,
      );
      assertEquals([result.code, result.message], [5, "no such thing: ü%"]);
      assertEquals(result.trailer!.why, ["asked"]);
    });

    await t.step("itself by nodes, and a dead one beside it", async () => {
      const { code, messages } = await peerCall({
        ...flags,
        nodes: "127.0.0.1,127.0.0.9",
      }, peer);
      assertEquals(code, 0);
      const all = version(messages[0]!);
      assertEquals(
        all.map((m) => [m.metadata!.hostname, m.version?.tag]).sort(),
        [["127.0.0.1", "v0.8.5"], ["127.0.0.9", undefined]],
      );
      const errors = fromBinary(EmptyResponseSchema, unhex(messages[0]!))
        .messages.map((m) => m.metadata!.error).filter((e) => e !== "");
      assertEquals(errors.length, 1);
      assertMatch(errors[0]!, /^rpc error: code = Unavailable desc = /);
    });

    await t.step(
      "a stream of 200 frames from two names of one node",
      async () => {
        const { code, messages } = await peerCall({
          ...flags,
          stream: true,
          path: STREAM,
          data: text("100,1000"),
          nodes: "127.0.0.1,127.0.0.1",
        }, peer);
        assertEquals(code, 0);
        assertEquals(messages.length, 200);
        for (const message of messages) {
          assert(message.endsWith(text("127.0.0.1")));
        }
      },
    );

    await t.step("a stream that is cancelled", async () => {
      const { code } = await peerCall({
        ...flags,
        stream: true,
        path: STREAM,
        data: text("1000000,1000"),
        "cancel-after": 10,
      }, peer);
      assertEquals(code, 1);
    });

    await t.step("a deadline", async () => {
      const { code, millis } = await peerCall({
        ...flags,
        stream: true,
        path: STREAM,
        data: text("100000000,1000"),
        timeout: "300ms",
      }, peer);
      assertEquals(code, 4);
      assert(millis < 3_000);
    });

    await t.step("50 at once for a second, no errors", async () => {
      const load = await peerLoad(
        { ...flags, concurrency: 50, conns: 4, seconds: 1 },
        peer,
      );
      assertEquals(load.errors, 0, load.lastError);
      assert(load.calls > 500, `${load.calls} calls`);
    });
    await Deno.remove(dir, { recursive: true });
  });
}
