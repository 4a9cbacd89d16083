/** Routing and roles, by metadata alone (api.md A3, design.md section 8). */
import { assertEquals } from "@std/assert";
import { Fields } from "#lib/http2/fields.ts";
import { isStreaming, NODES_MAX, type Peer, planOf } from "./plan.ts";
import { parseTarget } from "./targets.ts";

const ADMIN: Peer = { roles: ["os:admin"] };
const NOBODY: Peer = { roles: [] };
const APID: Peer = { roles: ["os:impersonator"] };

type Pair = [string, string];

function request(...metadata: Pair[]): Fields {
  return new Fields([
    [":method", "POST"],
    [":scheme", "https"],
    [":path", "/machine.MachineService/Version"],
    [":authority", "10.5.0.2:50000"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...metadata,
  ].flat());
}

Deno.test("a call goes here unless it names nodes", async (t) => {
  const cases: [string, Pair[], string][] = [
    ["no metadata", [], "local"],
    ["other metadata", [["x", "y"]], "local"],
    ["nodes", [["nodes", "10.5.0.3"]], "remote"],
    ["proxyfrom wins", [["nodes", "10.5.0.3"], ["proxyfrom", "a"]], "local"],
    ["an empty proxyfrom too", [["nodes", "a"], ["proxyfrom", ""]], "local"],
    ["empty target", [["nodes", ""]], "refused"],
    ["target with port", [["nodes", "10.5.0.3:50000"]], "refused"],
    ["IPv6 target with port", [["nodes", "[::1]:50000"]], "refused"],
    ["one bad of two", [["nodes", "a"], ["nodes", "b:1"]], "refused"],
    ["a path", [["nodes", "../etc"]], "refused"],
  ];
  for (const [name, metadata, kind] of cases) {
    await t.step(name, () => {
      assertEquals(planOf(request(...metadata), ADMIN).kind, kind);
    });
  }
});

Deno.test("an invalid target is Internal, with the target", () => {
  const plan = planOf(request(["nodes", "a:1"]), ADMIN);
  assertEquals(plan.kind === "refused" && plan.status, {
    code: 13,
    message: 'invalid target "a:1"',
  });
});

Deno.test("too many nodes are refused", () => {
  const nodes = Array.from(
    { length: NODES_MAX + 1 },
    () => ["nodes", "n"] as Pair,
  );
  const plan = planOf(request(...nodes), ADMIN);
  assertEquals(plan.kind === "refused" && plan.status.code, 3);
});

Deno.test("targets: one for each value, in order, with brackets for IPv6", () => {
  const plan = planOf(
    request(["nodes", "10.5.0.3"], ["nodes", "fd00::3"], ["nodes", "node-3"]),
    ADMIN,
  );
  assertEquals(plan.kind === "remote" && plan.hops.map((hop) => hop.target), [
    { name: "10.5.0.3", host: "10.5.0.3", address: "10.5.0.3:50000" },
    { name: "fd00::3", host: "fd00::3", address: "[fd00::3]:50000" },
    { name: "node-3", host: "node-3", address: "node-3:50000" },
  ]);
  assertEquals(parseTarget("[fd00::3]")?.host, "fd00::3");
});

Deno.test("a remote hop carries the metadata, without nodes, with proxyfrom", () => {
  const plan = planOf(
    request(["nodes", "n3"], ["x", "y"], ["grpc-timeout", "5S"], [
      "grpc-accept-encoding",
      "gzip",
    ]),
    ADMIN,
  );
  if (plan.kind !== "remote") throw new Error(plan.kind);
  assertEquals(plan.hops[0]!.fields.pairs(), [
    [":authority", "n3:50000"],
    [":scheme", "https"],
    [":method", "POST"],
    [":path", "/machine.MachineService/Version"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["x", "y"],
    ["grpc-timeout", "5S"],
    ["talos-role", "os:admin"],
    ["proxyfrom", "10.5.0.2:50000"],
  ]);
  assertEquals(plan.timeoutMs, 5_000);
});

Deno.test("a local hop carries the metadata as it is", () => {
  const fields = request(["x", "y"], ["grpc-accept-encoding", "gzip"]);
  const plan = planOf(fields, ADMIN);
  assertEquals(plan.kind === "local" && plan.fields.pairs(), [
    ...fields.pairs(),
    ["talos-role", "os:admin"],
  ]);
});

Deno.test("roles are the certificate's, never the client's", async (t) => {
  const cases: [string, Peer, Pair[], string[]][] = [
    ["admin", ADMIN, [], ["os:admin"]],
    [
      "two roles, a value each",
      { roles: ["os:reader", "os:operator"] },
      [],
      ["os:reader", "os:operator"],
    ],
    ["what a reader claims", { roles: ["os:reader"] }, [[
      "talos-role",
      "os:admin",
    ]], ["os:reader"]],
    ["what nobody claims", NOBODY, [["talos-role", "os:admin"]], []],
    ["what an apid passes on", APID, [["talos-role", "os:reader"]], [
      "os:reader",
    ]],
    ["an apid that passes nothing on", APID, [], []],
  ];
  for (const [name, peer, metadata, roles] of cases) {
    await t.step(name, () => {
      const local = planOf(request(...metadata), peer);
      assertEquals(
        local.kind === "local" && local.fields.all("talos-role"),
        roles,
      );
      const remote = planOf(request(["nodes", "n"], ...metadata), peer);
      if (remote.kind !== "remote") throw new Error(remote.kind);
      const { fields } = remote.hops[0]!;
      assertEquals(fields.all("talos-role"), roles);
    });
  }
});

Deno.test("the plan of a stable list is made once", () => {
  const fields = request();
  assertEquals(planOf(fields, ADMIN) === planOf(fields, ADMIN), false);
  fields.stable = true;
  assertEquals(planOf(fields, ADMIN) === planOf(fields, ADMIN), true);
});

Deno.test("streaming methods are listed, or end in Stream", () => {
  for (
    const method of [
      "/machine.MachineService/Copy",
      "/machine.MachineService/DiskUsage",
      "/machine.MachineService/Dmesg",
      "/machine.MachineService/Events",
      "/machine.MachineService/Kubeconfig",
      "/machine.MachineService/List",
      "/machine.MachineService/Logs",
      "/machine.MachineService/Read",
      "/os.OSService/Dmesg",
      "/cluster.ClusterService/HealthCheck",
      "/talos.Images/PullStream",
    ]
  ) assertEquals(isStreaming(method), true, method);
  for (
    const method of [
      "/machine.MachineService/Version",
      "/machine.MachineService/Stats",
      "/other.Service/Copy",
      "/talos.Streams/List",
    ]
  ) assertEquals(isStreaming(method), false, method);
});
