/**
 * The gateway: calls through apid, routerd and a backend, against a two-hop
 * relay of grpc-go from published modules. Same backend, same load, the same
 * run; both chains are mutual TLS in front and two unix sockets behind.
 */
import { join } from "@std/path";
import { peerLoad, startPeer } from "#tests/peer.ts";
import { compare, SECONDS } from "./compare.ts";
import type { Group } from "./main.ts";
import { figure } from "./figure.ts";
import { startEdge, writePki } from "./gateway_chain.ts";

/** MiB of resident memory. */
async function rssMiB(...pids: number[]): Promise<number> {
  let total = 0;
  for (const pid of pids) {
    const text = await Deno.readTextFile(`/proc/${pid}/status`);
    total += Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024;
  }
  return total;
}

const ANCHOR = "grpc-go 1.29 relay, two hops";

/** Prints the figures of the gateway. */
export const run: Group = async (print) => {
  const dir = await Deno.makeTempDir();
  try {
    const identity = await writePki(dir);
    const file = (name: string) => join(dir, name);
    const backend = file("backend.sock");
    const node = {
      ca: file("ca.crt"),
      crt: file("node.crt"),
      key: file("node.key"),
    };
    await using _backend = await startPeer("backend", { listen: backend });
    await using router = await startPeer("router", {
      listen: file("go-router.sock"),
      to: backend,
    });
    await using front = await startPeer("front", {
      listen: "127.0.0.1:0",
      to: file("go-router.sock"),
      ...node,
    });
    await using edge = await startEdge(dir, backend, identity);
    const chains = [
      { name: "ours", endpoints: edge.address },
      { name: ANCHOR, endpoints: front.address },
    ] as const;
    const client = {
      ca: file("ca.crt"),
      crt: file("admin.crt"),
      key: file("admin.key"),
    };
    for (const { endpoints } of chains) {
      await peerLoad({ ...client, endpoints, concurrency: 50, seconds: 2 });
    }
    const sequential = await compare(chains, { ...client, concurrency: 1 });
    print(figure({
      name: "gateway sequential p50",
      value: sequential.ours.p50Micros,
      unit: "us",
      anchor: { name: ANCHOR, value: sequential.anchor.p50Micros },
      lowerIsBetter: true,
    }));
    print(figure({
      name: "gateway sequential",
      value: sequential.ours.perSecond,
      unit: "calls/s",
      anchor: { name: ANCHOR, value: sequential.anchor.perSecond },
    }));
    const busy = await compare(chains, { ...client, concurrency: 50 });
    print(figure({
      name: "gateway 50 at once",
      value: busy.ours.perSecond,
      unit: "calls/s",
      anchor: { name: ANCHOR, value: busy.anchor.perSecond },
    }));
    print(figure({
      name: "gateway 50 at once p99",
      value: busy.ours.p99Micros,
      unit: "us",
      anchor: { name: ANCHOR, value: busy.anchor.p99Micros },
      lowerIsBetter: true,
    }));
    const fanOut = await peerLoad({
      ...client,
      endpoints: edge.address,
      nodes: "127.0.0.1,127.0.0.1",
      concurrency: 50,
      seconds: SECONDS / 2,
    });
    if (fanOut.errors > 0) throw new Error(fanOut.lastError);
    print(figure({
      name: "gateway fan-out to 2, 50 at once",
      value: fanOut.perSecond,
      unit: "calls/s",
    }));
    const bulk = await compare(chains, {
      ...client,
      stream: true,
      path: "/machine.MachineService/Stream",
      data: "313030302c3136333834", // "1000,16384"
    });
    const rate = (load: typeof bulk.ours) =>
      load.bytes / load.calls * load.perSecond / 1e6;
    print(figure({
      name: "gateway streaming",
      value: rate(bulk.ours),
      unit: "MB/s",
      anchor: { name: ANCHOR, value: rate(bulk.anchor) },
    }));
    print(figure({
      name: "gateway memory after load",
      value: await rssMiB(edge.pid),
      unit: "MiB",
      anchor: { name: ANCHOR, value: await rssMiB(front.pid, router.pid) },
      lowerIsBetter: true,
    }));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
};
