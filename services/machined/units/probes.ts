/**
 * How machined asks a service whether it is well: by the doors that the
 * service has for everybody.
 */
import { Health } from "#proto/health_pb.ts";
import { HealthCheck_ServingStatus } from "#proto/health_pb.ts";
import {
  Health as GrpcHealth,
  HealthCheckResponse_ServingStatus,
} from "#proto/grpc_health_pb.ts";
import { ETCD_PORTS } from "../etcd/paths.ts";
import { orAborted } from "#lib/abort.ts";
import { connect, createClient } from "#lib/rpc/client.ts";
import { Role, ROLE_METADATA } from "#lib/rpc/roles.ts";
import type { Manifest } from "#lib/worker/manifest.ts";

type Address =
  | {
    readonly transport: "tcp";
    readonly hostname: string;
    readonly port: number;
  }
  | { readonly transport: "unix"; readonly path: string };

/** Connects and hangs up. */
async function dial(address: Address, signal: AbortSignal): Promise<void> {
  const dialled = address.transport === "tcp"
    ? Deno.connect(address)
    : Deno.connect(address);
  // One that comes too late is closed, too.
  const closed = dialled.then((connection) => connection.close());
  closed.catch(() => {});
  await orAborted(closed, signal);
}

/** By its port, its own health service, or its socket. */
export async function probeDaemon(
  { port, socket, serves }: Pick<Manifest, "port" | "socket" | "serves">,
  signal: AbortSignal,
): Promise<void> {
  if (port !== undefined) {
    await dial({ transport: "tcp", hostname: "127.0.0.1", port }, signal);
  } else if (socket !== undefined) {
    if (serves.includes("health.Health")) await askHealth(socket, signal);
    else await dial({ transport: "unix", path: socket }, signal);
  }
}

async function askHealth(socket: string, signal: AbortSignal): Promise<void> {
  const channel = connect({ target: { socket } });
  try {
    const { messages } = await createClient(Health, channel).check({}, {
      signal,
      metadata: { [ROLE_METADATA]: Role.reader },
    });
    if (messages[0]?.status !== HealthCheck_ServingStatus.SERVING) {
      throw new Error("it says that it does not serve");
    }
  } finally {
    channel.close();
  }
}

/** The health service that every containerd has. */
export async function probeContainerd(
  socket: string,
  signal: AbortSignal,
): Promise<void> {
  const channel = connect({ target: { socket } });
  try {
    const { status } = await createClient(GrpcHealth, channel).check({}, {
      signal,
    });
    if (status !== HealthCheckResponse_ServingStatus.SERVING) {
      throw new Error("it says that it does not serve");
    }
  } finally {
    channel.close();
  }
}

/** Rejects unless `url`, on the loopback, says that all is well. */
async function ask(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal });
  const text = (await response.text()).slice(0, 200);
  if (!response.ok) throw new Error(`${response.status} ${text}`);
}

/** The kubelet's own opinion. */
export function probeKubelet(signal: AbortSignal): Promise<void> {
  return ask("http://127.0.0.1:10248/healthz", signal);
}

/** A read that takes a quorum of the members. */
export function probeEtcd(signal: AbortSignal): Promise<void> {
  return ask(`http://127.0.0.1:${ETCD_PORTS.metrics}/health`, signal);
}
