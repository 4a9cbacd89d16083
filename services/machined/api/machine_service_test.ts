/** machine.MachineService on a node made of plain objects. */
import { assertEquals, assertRejects } from "@std/assert";
import { create } from "@bufbuild/protobuf";
import {
  EventsRequestSchema,
  ListRequestSchema,
  LogsRequestSchema,
  RecoverRequest_Source,
  RecoverRequestSchema,
} from "#proto/machine_pb.ts";
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import type { ServerCall } from "#lib/rpc/call.ts";
import { CHILDREN_MAX, createInspector, InspectError } from "./inspector.ts";
import { machineService, RequestError } from "./machine_service.ts";
import { parseMeminfo } from "./meminfo.ts";
import type { Node } from "./node.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const CHILD = [
  Deno.execPath(),
  "run",
  "--quiet",
  "-A",
  join(HERE, "../inspect/main.ts"),
];

function callOf(signal = new AbortController().signal): ServerCall {
  return { path: "", signal, metadata: () => [], peer: "" };
}

function nodeOf(parts: Partial<Node> = {}): Node {
  return {
    version: { tag: "v1" },
    platform: { name: "container", mode: "container" },
    services: {
      list: () => [],
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      restart: () => Promise.resolve(),
    },
    logs: { get: () => undefined },
    events: { watch: async function* () {} },
    containers: {
      list: () => Promise.resolve([]),
      stats: () => Promise.resolve([]),
      logDirectory: () => Promise.reject(new Error("no container")),
      restart: () => Promise.resolve(),
    },
    configuration: {
      apply: () => Promise.resolve(),
      generate: () => Promise.resolve({}),
    },
    inspect: createInspector(CHILD),
    kubeconfig: () => Promise.resolve(new Uint8Array()),
    recover: () => Promise.resolve(),
    etcd: {} as Node["etcd"],
    health: {} as Node["health"],
    upgrades: {} as Node["upgrades"],
    shutdown: () => {},
    ...parts,
  };
}

Deno.test("list runs in a child and streams its answer", async () => {
  const handlers = machineService(nodeOf());
  const request = create(ListRequestSchema, { root: HERE });
  const names = [];
  for await (const info of handlers.list!(request, callOf())) {
    names.push(info.relativeName);
  }
  assertEquals(names[0], ".");
  assertEquals(names.includes("machine_service.ts"), true);
});

Deno.test("list says why a path cannot be read", async () => {
  const handlers = machineService(nodeOf());
  const request = create(ListRequestSchema, { root: "/no/such/path" });
  await assertRejects(
    () => Array.fromAsync(handlers.list!(request, callOf())),
    InspectError,
    "No such file",
  );
});

Deno.test("a stream that is given up ends its child", async () => {
  const inspect = createInspector(CHILD);
  const { signal } = new AbortController();
  const options = { root: "/usr", recurse: true, recursionDepth: 0 };
  for await (const _ of inspect("list", options, signal)) break;
  // A slot is free again, CHILDREN_MAX times over.
  for (let i = 0; i < CHILDREN_MAX; i++) {
    for await (const _ of inspect("list", options, signal)) break;
  }
});

Deno.test("inspections beyond the limit are refused", async () => {
  const inspect = createInspector(CHILD);
  const controller = new AbortController();
  const open = Array.from(
    { length: CHILDREN_MAX },
    () =>
      inspect("dmesg", { follow: true, tail: true }, controller.signal)
        [Symbol.asyncIterator](),
  );
  const pending = open.map((stream) => stream.next());
  await assertRejects(
    () => Array.fromAsync(inspect("mounts", {}, controller.signal)),
    InspectError,
    "try again",
  );
  controller.abort();
  await Promise.allSettled(pending);
});

Deno.test("logs of an unknown service are refused in the seed's words", async () => {
  const handlers = machineService(nodeOf());
  const request = create(LogsRequestSchema, { namespace: "system", id: "x" });
  await assertRejects(
    () => Array.fromAsync(handlers.logs!(request, callOf())),
    RequestError,
    'log "x" was not registered',
  );
});

Deno.test("logs of a container come from its files, by a child", async () => {
  const directory = await Deno.makeTempDir();
  await Deno.writeTextFile(`${directory}/0.log`, "one\ntwo\n");
  const asked: string[] = [];
  const node = nodeOf();
  const handlers = machineService({
    ...node,
    containers: {
      ...node.containers,
      logDirectory: (namespace, id) => {
        asked.push(`${namespace} ${id}`);
        return Promise.resolve(directory);
      },
    },
  });
  const request = create(LogsRequestSchema, {
    ...{ namespace: "k8s.io", id: "n/p:c", tailLines: 1 },
  });
  let text = "";
  for await (const { bytes } of handlers.logs!(request, callOf())) {
    text += new TextDecoder().decode(bytes);
  }
  assertEquals([text, ...asked], ["two\n", "k8s.io n/p:c"]);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("recover says from what, and a refusal is the answer", async () => {
  const asked: string[] = [];
  const handlers = machineService(nodeOf({
    recover: (source) => {
      asked.push(source);
      return source === "etcd"
        ? Promise.reject(new Error("no quorum"))
        : Promise.resolve();
    },
  }));
  const { ETCD, APISERVER } = RecoverRequest_Source;
  const call = (source: RecoverRequest_Source) =>
    Promise.resolve(
      handlers.recover!(create(RecoverRequestSchema, { source }), callOf()),
    );
  assertEquals(await call(APISERVER), { messages: [{}] });
  await assertRejects(() => call(ETCD), Error, "no quorum");
  assertEquals(asked, ["apiserver", "etcd"]);
});

Deno.test("events takes one starting point at most", async () => {
  const handlers = machineService(nodeOf());
  const request = create(EventsRequestSchema, { tailEvents: 1, tailId: "x" });
  await assertRejects(
    () => Array.fromAsync(handlers.events!(request, callOf())),
    RequestError,
    "exclude each other",
  );
});

Deno.test("parseMeminfo() maps names and skips what the API lacks", () => {
  const info = parseMeminfo(
    "MemTotal:       24608 kB\nActive(anon):  7 kB\nHugePages_Total: 3\n" +
      "Percpu: 12 kB\nnonsense\n",
  );
  assertEquals(info.memtotal, 24608n);
  assertEquals(info.activeanon, 7n);
  assertEquals(info.hugepagestotal, 3n);
});
