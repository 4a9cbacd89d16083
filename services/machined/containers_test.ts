/** Hosts as pods, workers as containers in them. */
import { assertEquals, assertRejects } from "@std/assert";
import { createLogger } from "#lib/log.ts";
import { rpcError } from "#lib/rpc/status.ts";
import { eventually } from "#tests/eventually.ts";
import { ContainerError, containersOf } from "./containers.ts";

const NONE = {
  listContainers: () => Promise.resolve([]),
  listTasks: () => Promise.resolve([]),
  taskUsages: () => Promise.resolve([]),
  waitTask: () => Promise.resolve(0),
  killTask: () => Promise.resolve(),
};
const WORDS = { cri: false };

/** A container of the pod `n/p`, with the uid `u`. */
function record(id: string, name?: string) {
  const labels: Record<string, string> = {
    "io.cri-containerd.kind": name === undefined ? "sandbox" : "container",
    "io.kubernetes.pod.namespace": "n",
    "io.kubernetes.pod.name": "p",
    "io.kubernetes.pod.uid": "u",
  };
  if (name !== undefined) labels["io.kubernetes.container.name"] = name;
  return { id, image: "p:1", labels };
}

function setUp({ heeds = true } = {}) {
  const did: string[] = [];
  const containers = containersOf({
    hosts: new Map([["edge", { workers: ["apid", "routerd"] }]]),
    containerd: {
      listTasks: () =>
        Promise.resolve([{ id: "edge", pid: 42, status: "RUNNING" as const }]),
      taskUsages: () =>
        Promise.resolve([
          { id: "edge", memoryBytes: 5n, cpuNanoseconds: 6n },
        ]),
      killTask: (id, signal) =>
        Promise.resolve(void did.push(`kill ${id} ${signal}`)),
    },
    cri: {
      system: {
        ...NONE,
        listContainers: () => Promise.reject(rpcError("Unavailable", "no")),
      },
      kubernetes: {
        ...NONE,
        // The kubelet keeps what ended for a while, under the same name.
        listContainers: () =>
          Promise.resolve([
            record("old", "c"),
            record("aa", "c"),
            record("box"),
          ]),
        listTasks: () =>
          Promise.resolve([{ id: "aa", pid: 9, status: "RUNNING" as const }]),
        taskUsages: () =>
          Promise.resolve([
            { id: "aa", memoryBytes: 7n, cpuNanoseconds: 8n },
            { id: "gone", memoryBytes: 1n, cpuNanoseconds: 1n },
          ]),
        waitTask: () => heeds ? Promise.resolve(0) : new Promise(() => {}),
        killTask: (id, signal) =>
          Promise.resolve(void did.push(`kill ${id} ${signal}`)),
      },
    },
    clock: { sleep: () => heeds ? new Promise(() => {}) : Promise.resolve() },
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

Deno.test("list shows pods in k8s.io, and restart finds the task that runs", async () => {
  const { containers, did } = setUp();
  const common = { namespace: "k8s.io", podId: "n/p", image: "p:1" };
  assertEquals(await containers.list("k8s.io", WORDS), [
    { ...common, id: "n/p:c", name: "c", pid: 0, status: "STOPPED" },
    { ...common, id: "n/p:c", name: "c", pid: 9, status: "RUNNING" },
    { ...common, id: "n/p", name: "p", pid: 0, status: "STOPPED" },
  ]);
  await containers.restart("k8s.io", "n/p:c", WORDS);
  assertEquals(did, ["kill aa 15"]);
});

Deno.test("restart through the CRI kills what does not heed SIGTERM", async () => {
  const heedful = setUp();
  await heedful.containers.restart("k8s.io", "n/p:c", { cri: true });
  assertEquals(heedful.did, ["kill aa 15"]);
  const deaf = setUp({ heeds: false });
  await deaf.containers.restart("k8s.io", "n/p:c", { cri: true });
  assertEquals(deaf.did, ["kill aa 15", "kill aa 9"]);
});

Deno.test("stats are of what runs, by its name", async () => {
  const { containers } = setUp();
  assertEquals(await containers.stats("k8s.io", WORDS), [{
    ...{ namespace: "k8s.io", id: "n/p:c", podId: "n/p", name: "c" },
    ...{ memoryUsage: 7n, cpuUsage: 8n },
  }]);
  assertEquals(await containers.stats("system", WORDS), [{
    ...{ namespace: "system", id: "edge", podId: "edge", name: "edge" },
    ...{ memoryUsage: 5n, cpuUsage: 6n },
  }]);
  assertEquals(await containers.stats("elsewhere", WORDS), []);
});

Deno.test("a container has a directory of logs, a pod only says whose", async () => {
  const { containers } = setUp();
  assertEquals(
    await containers.logDirectory("k8s.io", "n/p:c"),
    "/var/log/pods/n_p_u/c",
  );
  const refused = (id: string, text: string) =>
    assertRejects(
      () => containers.logDirectory("k8s.io", id),
      ContainerError,
      text,
    );
  await refused(
    "n/p",
    '"n/p" has no log of its own, its containers have: "n/p:c"',
  );
  await refused("n/p:d", 'container "n/p:d" not found');
});

Deno.test("restart ends a host by signal and a worker by its supervisor", async () => {
  const { containers, did } = setUp();
  await containers.restart("system", "edge", WORDS);
  await containers.restart("system", "edge:apid", WORDS);
  await containers.restart("system", "routerd", WORDS);
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
      () => containers.restart(namespace, id, WORDS),
      ContainerError,
      `container "${id}" not found`,
    );
  }
});
