/**
 * A whole node: calls through its apid, routerd and machined against the
 * grpc-go relay in front of the same machined, a fan-out to two nodes, logs,
 * starts, and the memory of every process.
 */
import { systemClock } from "#lib/clock.ts";
import { decode, loadTalosconfig } from "#lib/config/mod.ts";
import { SOCKETS } from "#lib/paths.ts";
import { Ca } from "#lib/pki/mod.ts";
import { join } from "@std/path";
import { TestCluster } from "#tests/cluster.ts";
import { identityOf } from "#tests/identity.ts";
import { services } from "#tests/machine_client.ts";
import { processesBelow } from "#tests/node_processes.ts";
import { peerLoad, startPeer } from "#tests/peer.ts";
import { eventually } from "#tests/eventually.ts";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { build } from "../../rootfs/build.ts";
import { compare } from "./compare.ts";
import { figure } from "./figure.ts";
import type { Group } from "./main.ts";

const ANCHOR = "grpc-go 1.29 relay, two hops, the same machined";
/** After the start, when each isolate has collected (lib/worker/heap.ts). */
const AT_REST_MS = 5_000;
/** They look every 30 s. */
const AFTER_LOAD_MS = 32_000;
/** The goal for PID 1 and all hosts together. */
const MEMORY_GOAL_MIB = 150;
/** `LogsRequest{namespace: "system", id: "machined", tail_lines: -1}` */
const LOGS_REQUEST =
  "0a0673797374656d12086d616368696e656428ffffffffffffffffff01";

type Print = Parameters<Group>[0];

/** Administrator and node identities as files for the Go side. */
async function writeIdentities(cluster: TestCluster, dir: string) {
  const tls = identityOf(await loadTalosconfig(cluster.talosconfig));
  const init = await cluster.initPid(0);
  const stored = `/proc/${init}/root/system/state/config.yaml`;
  const { config } = decode(await Deno.readFile(stored));
  const { crt, key } = config.machine!.ca!;
  const ca = await Ca.load({ crt: crt!, key: key! });
  const front = await ca.issuePair({
    addresses: ["127.0.0.1"],
    usages: ["server", "client"],
  });
  const files = {
    ca: tls.ca!,
    crt: tls.crt!,
    key: tls.key!,
    "node-crt": front.crt,
    "node-key": front.key,
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(dir, name), text, { mode: 0o600 });
  }
  const file = (name: string) => join(dir, name);
  return {
    client: { ca: file("ca"), crt: file("crt"), key: file("key") },
    node: { ca: file("ca"), crt: file("node-crt"), key: file("node-key") },
  };
}

type Client = Awaited<ReturnType<typeof writeIdentities>>["client"];

async function benchUnary(
  print: Print,
  endpoints: readonly [string, string],
  client: Client,
) {
  const [ours, anchor] = endpoints;
  const chains = [
    { name: "node", endpoints: ours },
    { name: ANCHOR, endpoints: anchor },
  ] as const;
  const flags = { ...client, metadata: "talos-role=os:admin" };
  for (const { endpoints } of chains) {
    await peerLoad({ ...flags, endpoints, concurrency: 50, seconds: 3 });
  }
  const sequential = await compare(chains, { ...flags, concurrency: 1 });
  print(figure({
    name: "node sequential p50",
    value: sequential.ours.p50Micros,
    unit: "us",
    anchor: { name: ANCHOR, value: sequential.anchor.p50Micros },
    lowerIsBetter: true,
  }));
  const busy = await compare(chains, { ...flags, concurrency: 50 });
  print(figure({
    name: "node 50 at once",
    value: busy.ours.perSecond,
    unit: "calls/s",
    anchor: { name: ANCHOR, value: busy.anchor.perSecond },
  }));
}

async function benchFanOut(print: Print, cluster: TestCluster, client: Client) {
  const endpoints = `${cluster.nodes[0]}:50000`;
  const flags = { ...client, endpoints, nodes: cluster.nodes.join(",") };
  const one = await peerLoad({ ...flags, concurrency: 1, seconds: 3 });
  print(figure({
    name: "fan-out to 2 p50",
    value: one.p50Micros,
    unit: "us",
  }));
  const many = await peerLoad({ ...flags, concurrency: 50, seconds: 3 });
  print(figure({
    name: "fan-out to 2, 50 at once",
    value: many.perSecond,
    unit: "calls/s",
  }));
}

async function benchLogs(print: Print, endpoints: string, client: Client) {
  const load = await peerLoad({
    ...client,
    endpoints,
    path: "/machine.MachineService/Logs",
    data: LOGS_REQUEST,
    stream: true,
    concurrency: 4,
    seconds: 3,
  });
  if (load.errors > 0) throw new Error(load.lastError);
  print(figure({
    name: "log throughput, 4 readers",
    value: load.bytes / 3 / 1e6,
    unit: "MB/s",
  }));
}

/** From the call of ServiceRestart to ready, as the node's own events say. */
async function benchWorkerStart(print: Print, cluster: TestCluster) {
  const init = await cluster.initPid(0);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const asked = Date.now();
    await cluster.talosctl([
      "-n",
      cluster.nodes[0]!,
      "service",
      "timed",
      "restart",
    ]);
    const tookMs = await eventually(async () => {
      const timed = (await services(init)).find(({ id }) => id === "timed")!;
      const events = timed.events!.events.filter(({ ts }) =>
        timestampMs(ts!) >= asked
      );
      const created = events.find(({ msg }) =>
        msg === "Creating service runner"
      );
      const started = events.find(({ msg }) => msg.startsWith("Started task"));
      return created && started &&
        Math.max(1, timestampMs(started.ts!) - timestampMs(created.ts!));
    });
    times.push(tookMs as number);
  }
  times.sort((a, b) => a - b);
  print(figure({
    name: "start of a worker (timed), median of 5",
    value: times[2]!,
    unit: "ms",
  }));
}

/** KiB of `key` in smaps_rollup. */
function kib(pid: number, key: "Rss" | "Pss"): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)![1]);
}

/** What a process is called in a figure. */
function nameOf(args: readonly string[]): string {
  const bundle = args.findIndex((arg) => arg.startsWith("/usr/lib/talos/"));
  if (bundle < 0) {
    const id = args.indexOf("-id");
    const program = args[0]!.split("/").at(-1)!;
    return id < 0 ? program : `${program} ${args[id + 1]}`;
  }
  const name = args[bundle]!.split("/").at(-1)!.replace(".js", "");
  return name === "host" ? `host ${args[bundle + 1]}` : name;
}

/** Our own processes of a control plane: PSS in MiB by name. */
async function ownMemory(cluster: TestCluster): Promise<[string, number][]> {
  const init = await cluster.initPid(0);
  return processesBelow(init).flatMap(({ pid, args }): [string, number][] => {
    const name = args.length > 0 ? nameOf(args) : "";
    return name === "machined" || name.startsWith("host ")
      ? [[name, kib(pid, "Pss") / 1024]]
      : [];
  });
}

function printOwn(print: Print, own: [string, number][], when: string) {
  print(figure({
    name: `PSS of machined and all hosts${when}`,
    value: own.reduce((sum, [, pssMiB]) => sum + pssMiB, 0),
    unit: "MiB",
    anchor: { name: "the goal", value: MEMORY_GOAL_MIB },
    lowerIsBetter: true,
  }));
}

async function benchMemory(print: Print, cluster: TestCluster) {
  await systemClock.sleep(AT_REST_MS);
  const init = await cluster.initPid(0);
  for (const { pid, args } of processesBelow(init)) {
    if (args.length === 0) continue;
    const name = nameOf(args);
    for (const key of ["Pss", "Rss"] as const) {
      const value = kib(pid, key) / 1024;
      const kind = key.toUpperCase();
      print(figure({ name: `${kind} of ${name}`, value, unit: "MiB" }));
    }
  }
  printOwn(print, await ownMemory(cluster), "");
}

/** What load leaves behind, when each isolate has looked at its heap again. */
async function benchMemoryAfterLoad(print: Print, cluster: TestCluster) {
  await systemClock.sleep(AFTER_LOAD_MS);
  const own = await ownMemory(cluster);
  for (const [name, value] of own) {
    print(figure({ name: `PSS of ${name} after load`, value, unit: "MiB" }));
  }
  printOwn(print, own, " after load");
}

/** Prints the figures of a node. */
export const run: Group = async (print) => {
  await build();
  const dir = await Deno.makeTempDir();
  const started = performance.now();
  await using cluster = await TestCluster.create({
    name: "b-node",
    cidr: "10.5.110.0/24",
  });
  print(figure({
    name: "cluster create to two nodes answering",
    value: (performance.now() - started) / 1000,
    unit: "s",
    anchor: { name: "the limit", value: 20 },
    lowerIsBetter: true,
  }));
  try {
    await benchMemory(print, cluster);
    await benchWorkerStart(print, cluster);
    const { client, node } = await writeIdentities(cluster, dir);
    const machined = `/proc/${await cluster.initPid(
      0,
    )}/root${SOCKETS.machined}`;
    const socket = join(dir, "router.sock");
    await using _router = await startPeer("router", {
      listen: socket,
      to: machined,
    });
    await using front = await startPeer("front", {
      listen: "127.0.0.1:0",
      to: socket,
      ...node,
    });
    const own = `${cluster.nodes[0]}:50000`;
    await benchUnary(print, [own, front.address], client);
    await benchFanOut(print, cluster, client);
    await benchLogs(print, own, client);
    await benchMemoryAfterLoad(print, cluster);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
};
