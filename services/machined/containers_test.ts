/** Hosts as pods, workers as containers in them. */
import { assertEquals, assertRejects } from "@std/assert";
import { createLogger } from "#lib/log.ts";
import { rpcError } from "#lib/rpc/status.ts";
import { eventually } from "#tests/eventually.ts";
import { ContainerError, containersOf } from "./containers.ts";

const NONE = {
  listContainers: () => Promise.resolve([]),
  listTasks: () => Promise.resolve([]),
  killTask: () => Promise.resolve(),
};
const WORDS = { cri: false };

function setUp() {
  const did: string[] = [];
  const containers = containersOf({
    hosts: new Map([["edge", { workers: ["apid", "routerd"] }]]),
    containerd: {
      listTasks: () =>
        Promise.resolve([{ id: "edge", pid: 42, status: "RUNNING" as const }]),
      killTask: (id, signal) =>
        Promise.resolve(void did.push(`kill ${id} ${signal}`)),
    },
    cri: {
      system: {
        ...NONE,
        listContainers: () => Promise.reject(rpcError("Unavailable", "no")),
      },
      kubernetes: {
        listContainers: () =>
          Promise.resolve([{
            id: "aa",
            image: "p:1",
            labels: {
              "io.kubernetes.pod.namespace": "n",
              "io.kubernetes.pod.name": "p",
              "io.kubernetes.container.name": "c",
            },
          }]),
        listTasks: () => Promise.resolve([]),
        killTask: (id, signal) =>
          Promise.resolve(void did.push(`kill ${id} ${signal}`)),
      },
    },
    bounce: (worker) => Promise.resolve(void did.push(`bounce ${worker}`)),
    replied: () => Promise.resolve(void did.push("replied")),
    log: createLogger(() => {}),
  });
  return { containers, did };
}

Deno.test("list shows the host and its workers, in the namespace system only", async () => {
  const { containers } = setUp();
  const common = {
    namespace: "system",
    podId: "edge",
    pid: 42,
    status: "RUNNING",
  };
  assertEquals(await containers.list("system", WORDS), [
    { ...common, id: "edge", name: "edge", image: "talos/edge" },
    { ...common, id: "edge:apid", name: "apid", image: "talos/apid" },
    { ...common, id: "edge:routerd", name: "routerd", image: "talos/routerd" },
  ]);
  assertEquals(await containers.list("elsewhere", WORDS), []);
});

Deno.test("list shows pods in k8s.io, and restart finds their task", async () => {
  const { containers, did } = setUp();
  assertEquals(await containers.list("k8s.io", WORDS), [{
    namespace: "k8s.io",
    id: "n/p:c",
    podId: "n/p",
    name: "c",
    image: "p:1",
    pid: 0,
    status: "STOPPED",
  }]);
  await containers.restart("k8s.io", "n/p:c");
  assertEquals(did, ["kill aa 15"]);
});

Deno.test("restart ends a host by signal and a worker by its supervisor", async () => {
  const { containers, did } = setUp();
  await containers.restart("system", "edge");
  await containers.restart("system", "edge:apid");
  await containers.restart("system", "routerd");
  await eventually(() => did.length === 6);
  assertEquals(did.filter((what) => what === "replied").length, 3);
  assertEquals(did.filter((what) => what !== "replied"), [
    "kill edge 15",
    "bounce apid",
    "bounce routerd",
  ]);
  for (
    const [namespace, id] of [
      ["system", "trustd"],
      ["system", "node:apid"],
      ["system", "edge:trustd"],
      ["elsewhere", "edge"],
      ["k8s.io", "edge"],
    ] as const
  ) {
    await assertRejects(
      () => containers.restart(namespace, id),
      ContainerError,
      `container "${id}" not found`,
    );
  }
});
