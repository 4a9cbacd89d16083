/** Calls through apid, all in memory: to this node, to several, to dead ones. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromBinary } from "@bufbuild/protobuf";
import { EmptyResponseSchema, EmptySchema } from "#proto/common_pb.ts";
import { hex } from "#lib/http2/test_wire.ts";
import { createLogger } from "#lib/log.ts";
import { RESPONSE_HEAD } from "#lib/relay/grpc_wire.ts";
import {
  answer,
  Backend,
  type BackendCall,
  connectTo,
  framed,
  type Outcome,
} from "#lib/relay/test_calls.ts";
import { eventually } from "#tests/eventually.ts";
import { Apid } from "./apid.ts";
import { MessageReader } from "./messages.ts";

const VERSION = "/machine.MachineService/Version";
const LOGS = "/machine.MachineService/Logs";

/** An apid with a local backend and named nodes; others refuse. */
function fabric(options: {
  local?: (call: BackendCall) => void;
  nodes?: Record<string, (call: BackendCall) => void>;
  isClient?: boolean;
  roles?: string[];
} = {}) {
  const lines: string[] = [];
  const local = new Backend(options.local);
  const nodes = Object.fromEntries(
    Object.entries(options.nodes ?? {}).map((
      [name, handler],
    ) => [name, new Backend(handler)]),
  );
  const apid = new Apid({
    log: createLogger((line) => lines.push(line)),
    dialLocal: local.dial,
    dialNode: ({ host }) => () =>
      nodes[host]?.dial() ?? Promise.reject(new Error("connection refused")),
    isClient: () => options.isClient ?? true,
  });
  const peer = { roles: options.roles ?? ["os:admin"] };
  const client = connectTo((transport) => apid.serve(transport, peer));
  return { client, local, nodes, lines, apid };
}

async function over(outcome: Outcome): Promise<Outcome> {
  await eventually(() => outcome.over, { what: "the end of the call" });
  return outcome;
}

function messagesOf({ body }: Outcome): Uint8Array[] {
  const messages: Uint8Array[] = [];
  new MessageReader().read(body, (message) => messages.push(message));
  return messages;
}

function nodesOf(values: readonly string[]): [string, string][] {
  return values.map((value) => ["nodes", value]);
}

/** The entries of a merged unary answer, by hostname. */
function entries(outcome: Outcome) {
  const [message] = messagesOf(outcome);
  const { messages } = fromBinary(EmptyResponseSchema, message!);
  return messages.map(({ metadata }) =>
    `${metadata!.hostname} ${metadata!.error}`.trim()
  ).sort();
}

Deno.test("a local call passes through unchanged", async () => {
  const { client, local, lines } = fabric({
    local: (call) =>
      answer(call, [framed(0x0a, 0)], [["grpc-status", "0"], [
        "x-after",
        "2",
      ]]),
  });
  const outcome = await over(
    client.call(VERSION, { metadata: [["x", "1"]], message: framed(9, 9) }),
  );
  assertEquals(hex(local.calls[0]!.body), "00 00 00 00 02 09 09");
  assertEquals(local.calls[0]!.fields.get("x"), "1");
  assertEquals(local.calls[0]!.fields.all("talos-role"), ["os:admin"]);
  assertEquals(hex(outcome.body), "00 00 00 00 02 0a 00");
  assertEquals(outcome.trailers, [["grpc-status", "0"], ["x-after", "2"]]);
  assertMatch(
    lines[0]!,
    /OK \[\/machine.MachineService\/Version\] [\d.]+(µs|ms|s) stream Success \(:authority=10.5.0.2:50000;content-type=application\/grpc;x=1\)$/,
  );
});

Deno.test("the status of a local call passes through unchanged", async () => {
  const status: [string, string][] = [
    ["grpc-status", "5"],
    ["grpc-message", "no%20%C3%BC"],
    ["grpc-status-details-bin", "CAU"],
  ];
  const { client, lines } = fabric({ local: (c) => answer(c, [], status) });
  const outcome = await over(client.call(VERSION));
  assertEquals(outcome.trailers, status);
  assertMatch(lines[0]!, /NotFound .* code = NotFound desc = no ü /);
});

Deno.test("answers of nodes are merged, dead nodes are entries", async () => {
  const { client, nodes } = fabric({
    nodes: {
      a: (call) => answer(call, [framed(0x0a, 2, 0x12, 0)]),
      b: (call) =>
        answer(call, [], [["grpc-status", "7"], ["grpc-message", "no"]]),
    },
  });
  const metadata = nodesOf(["a", "dead", "b"]);
  const outcome = await over(client.call(VERSION, { metadata }));
  assertEquals(outcome.trailers[0], ["grpc-status", "0"]);
  assertEquals(messagesOf(outcome).length, 1);
  assertEquals(entries(outcome), [
    "a",
    "b rpc error: code = PermissionDenied desc = no",
    'dead rpc error: code = Unavailable desc = Cannot connect to "dead:50000": connection refused',
  ]);
  assertEquals(nodes.a!.calls[0]!.fields.all("nodes"), []);
  assertEquals(nodes.a!.calls[0]!.fields.get("proxyfrom"), "10.5.0.2:50000");
});

Deno.test("one node is merged as well, byte by byte", async () => {
  const { client } = fabric({
    nodes: { n1: (call) => answer(call, [framed(0x0a, 3, 0x12, 1, 0x61)]) },
  });
  const outcome = await over(
    client.call(VERSION, { metadata: nodesOf(["n1"]) }),
  );
  assertEquals(
    hex(outcome.body),
    "00 00 00 00 0b 0a 09 12 01 61 0a 04 0a 02 6e 31",
  );
});

Deno.test("what cannot be merged fails the whole call", async (t) => {
  const cases: [string, Uint8Array[], string][] = [
    ["another first field", [framed(0x12, 1, 0x61)], "format: 18"],
    ["an empty answer", [framed()], "format: empty"],
    ["a cut answer", [framed(0x0a, 9)], "format: truncated"],
    ["no answer", [], "format: no message"],
  ];
  for (const [name, frames, text] of cases) {
    await t.step(name, async () => {
      const { client } = fabric({
        nodes: { a: (call) => answer(call, frames), b: () => {} },
      });
      const metadata = nodesOf(["b", "a"]);
      const outcome = await over(client.call(VERSION, { metadata }));
      const status = Object.fromEntries(outcome.head);
      assertEquals(status["grpc-status"], "2");
      assert(status["grpc-message"]!.endsWith(text));
    });
  }
});

Deno.test("a node that breaks the rules is an entry, not a failure", async (t) => {
  const cases: [string, (call: BackendCall) => void, RegExp][] = [
    [
      "two answers",
      (c) => answer(c, [framed(0x0a, 0), framed(0x0a, 0)]),
      /Internal.*more than one/,
    ],
    [
      "half an answer",
      (c) => answer(c, [framed(0x0a, 0).slice(0, 6)]),
      /Internal.*unexpected EOF/,
    ],
    [
      "compressed",
      (c) => answer(c, [Uint8Array.of(1, 0, 0, 0, 0)]),
      /Internal.*compressed/,
    ],
    [
      "too large",
      (c) => answer(c, [Uint8Array.of(0, 1, 0, 0, 0)]),
      /ResourceExhausted.*larger than max/,
    ],
    [
      "no status",
      (c) => answer(c, [], [["x", "y"]]),
      /Internal.*no grpc-status/,
    ],
    ["reset", (c) => c.stream.reset(7), /Unavailable.*REFUSED_STREAM/],
  ];
  for (const [name, handler, error] of cases) {
    await t.step(name, async () => {
      const { client } = fabric({
        nodes: { bad: handler, good: (c) => answer(c, [framed(0x0a, 0)]) },
      });
      const metadata = nodesOf(["good", "bad"]);
      const outcome = await over(client.call(VERSION, { metadata }));
      const [bad, good] = entries(outcome);
      assertMatch(bad!, error);
      assertEquals(good, "good");
    });
  }
});

Deno.test("frames of streams come as they come, each with its node", async () => {
  const open: Record<string, BackendCall> = {};
  const { client } = fabric({
    nodes: { a: (call) => open.a = call, b: (call) => open.b = call },
  });
  const metadata = nodesOf(["a", "dead", "b"]);
  const outcome = client.call(LOGS, { metadata });
  await eventually(() => open.a && open.b);
  const texts = () =>
    messagesOf(outcome).map((message) => {
      const { metadata } = fromBinary(EmptySchema, message);
      return `${metadata!.hostname} ${metadata!.error.slice(0, 33)}`.trim();
    });
  await eventually(() => texts().length === 1);
  answer(open.b!, [framed(0x12, 0)]);
  await eventually(() => texts().length === 2);
  assertEquals(outcome.over, undefined);
  answer(open.a!, [framed(0x12, 1, 9), framed()], [["grpc-status", "13"]]);
  await over(outcome);
  assertEquals(outcome.trailers[0], ["grpc-status", "0"]);
  assertEquals(texts(), [
    "dead rpc error: code = Unavailable des",
    "b",
    "a",
    "a",
    "a rpc error: code = Internal desc =",
  ]);
  assertEquals(hex(messagesOf(outcome)[2]!), "12 01 09 0a 03 0a 01 61");
});

Deno.test("cancelling reaches the backend, locally and on every node", async () => {
  const { client, local, nodes, lines } = fabric({ nodes: { a() {}, b() {} } });
  const here = client.call(LOGS);
  const there = client.call(LOGS, { metadata: nodesOf(["a", "b"]) });
  await eventually(() =>
    local.calls[0]?.log.includes("end") &&
    nodes.a!.calls[0]?.log.includes("end") &&
    nodes.b!.calls[0]?.log.includes("end")
  );
  client.cancel(here);
  client.cancel(there);
  const logs = () =>
    [
      ...local.calls,
      ...nodes.a!.calls,
      ...nodes.b!.calls,
    ].map(({ log }) => log.at(-1));
  await eventually(() => logs().every((last) => last === "reset 8"));
  assertEquals(lines.length, 2);
  assertMatch(lines[0]!, /Canceled .* desc = context canceled/);
});

Deno.test("a deadline ends a local call, and the backend's", async () => {
  const { client, local } = fabric();
  const outcome = await over(
    client.call(VERSION, { metadata: [["grpc-timeout", "30m"]] }),
  );
  assertEquals(Object.fromEntries(outcome.head)["grpc-status"], "4");
  assertEquals(local.calls[0]!.fields.get("grpc-timeout"), "30m");
  await eventually(() => local.calls[0]!.log.at(-1) === "reset 8");
});

Deno.test("a deadline reports the nodes that did not answer in time", async () => {
  const { client, nodes } = fabric({
    nodes: { slow() {}, quick: (c) => answer(c, [framed(0x0a, 0)]) },
  });
  const metadata = [
    ...nodesOf(["slow", "quick"]),
    ["grpc-timeout", "80m"] as [string, string],
  ];
  const outcome = await over(client.call(VERSION, { metadata }));
  assertEquals(entries(outcome), [
    "quick",
    "slow rpc error: code = DeadlineExceeded desc = context deadline exceeded",
  ]);
  await eventually(() => nodes.slow!.calls[0]!.log.at(-1) === "reset 8");
});

Deno.test("a lost connection is Unavailable, and the next call dials anew", async () => {
  const { client, local } = fabric();
  const first = client.call(VERSION);
  await eventually(() => local.calls.length === 1);
  local.connections[0]!.abort(0, "restarting");
  await over(first);
  assertEquals(Object.fromEntries(first.head)["grpc-status"], "14");
  client.call(VERSION);
  await eventually(() => local.calls.length === 2);
  assertEquals(local.connections.length, 2);
});

Deno.test("without a client certificate other nodes are out of reach", async () => {
  const { client, nodes } = fabric({ isClient: false, nodes: { a() {} } });
  const outcome = await over(
    client.call(VERSION, { metadata: nodesOf(["a"]) }),
  );
  const status = Object.fromEntries(outcome.head);
  assertEquals(status["grpc-status"], "9");
  assertMatch(status["grpc-message"]!, /no client certificate/);
  assertEquals(nodes.a!.calls.length, 0);
});

Deno.test("connections to nodes are kept", async () => {
  const { client, nodes } = fabric({
    nodes: { a: (c) => answer(c, [framed(0x0a, 0)]) },
  });
  for (let i = 0; i < 3; i++) {
    await over(client.call(VERSION, { metadata: nodesOf(["a"]) }));
  }
  assertEquals(nodes.a!.connections.length, 1);
});

Deno.test("a client that does not read holds its backend, not apid", async () => {
  const piece = framed(...new Array(60_000).fill(1));
  let queued = 0;
  const flood = (call: BackendCall) => {
    call.stream.headers(RESPONSE_HEAD, false);
    for (let i = 0; i < 100; i++) queued += call.stream.data(piece, false);
  };
  for (const nodes of [[], ["a"]]) {
    queued = 0;
    const { client, local, nodes: made } = fabric({
      local: flood,
      nodes: { a: flood },
    });
    const outcome = client.call(LOGS, {
      metadata: nodesOf(nodes),
      consume: false,
    });
    const backend = nodes.length > 0 ? made.a! : local;
    await eventually(() => outcome.body.length > 200_000);
    // Windows of two hops are all that is on its way.
    assert(queued > 5_000_000, String(queued));
    assert(outcome.body.length <= 262_144);
    const held = backend.calls[0]!.log.length;
    await eventually(() => backend.calls[0]!.log.length === held);
    outcome.stream.consume(outcome.body.length);
    await eventually(() => outcome.body.length > 300_000);
    client.cancel(outcome);
  }
});
