/**
 * Our chain for benches and for the peers' tests: certificates, and a process
 * with apid and routerd as workers, as on a node, on addresses of its own.
 */
import { Ca, generateCa } from "#lib/pki/mod.ts";
import { fileURLToPath } from "node:url";
import { join } from "@std/path";
import type { Command } from "#lib/worker/protocol.ts";
import type { PeerServer } from "#tests/peer.ts";
import { manifest as apid } from "../../services/apid/manifest.ts";
import { heapMiB } from "../../services/machined/supervisor/host_command.ts";
import { manifest as routerd } from "../../services/routerd/manifest.ts";

/** As the service host on a node (machined/supervisor/host_command.ts). */
const EDGE_HEAP = "--expose-gc,--optimize-for-size,--max-old-space-size=" +
  heapMiB([apid, routerd]);

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Certificates of one cluster, as files for the Go side. */
export async function writePki(dir: string) {
  const pair = await generateCa({ kind: "machine" });
  const ca = await Ca.load(pair);
  const node = await ca.issuePair({
    organizations: ["os:impersonator"],
    addresses: ["127.0.0.1"],
    usages: ["server", "client"],
  });
  const admin = await ca.issuePair({
    organizations: ["os:admin"],
    usages: ["client"],
  });
  const files = {
    "ca.crt": pair.crt,
    "node.crt": node.crt,
    "node.key": node.key,
    "admin.crt": admin.crt,
    "admin.key": admin.key,
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(dir, name), text);
  }
  return { ca: pair.crt, crt: node.crt, key: node.key };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

type Identity = Awaited<ReturnType<typeof writePki>>;

function startCommand(
  worker: string,
  config: Record<string, unknown>,
  identity?: Identity,
): Command {
  return {
    type: "start",
    worker,
    entry: join(HERE, `gateway_${worker}.ts`),
    permissions: { read: true, write: true, net: true },
    config: {
      config,
      node: {
        mode: "container",
        hostname: "bench",
        version: "bench",
        addresses: ["127.0.0.1"],
      },
      ...(identity ? { identity } : {}),
    },
  };
}

/** Our chain: a process with both workers. */
export async function startEdge(
  dir: string,
  backend: string,
  identity: Identity,
): Promise<PeerServer> {
  const port = freePort();
  const routerd = join(dir, "routerd.sock");
  const addresses = {
    host: "127.0.0.1",
    port,
    remotePort: port,
    socket: join(dir, "apid.sock"),
    routerd,
  };
  const commands = [
    startCommand("routerd", { socket: routerd, backend }),
    startCommand("apid", { addresses }, identity),
  ];
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      `--v8-flags=${EDGE_HEAP}`,
      join(HERE, "gateway_edge.ts"),
      JSON.stringify(commands),
    ],
    env: { MALLOC_ARENA_MAX: "2" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    pid: child.pid,
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}
