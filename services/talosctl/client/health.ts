/**
 * The health of a cluster as its client sees it: nodes through an endpoint,
 * Kubernetes with a kubeconfig that a control plane makes for it.
 */
import { assert } from "#lib/assert.ts";
import type { Clock } from "#lib/clock.ts";
import { RemoteView } from "#lib/health/remote_view.ts";
import type { ClusterNodes } from "#lib/health/view.ts";
import { type HealthNews, watchHealth } from "#lib/health/wait.ts";
import { KubeClient } from "#lib/kube/client.ts";
import { serverOf } from "#lib/kube/cluster_access.ts";
import { kubeTransport } from "#lib/kube/transport.ts";
import { type ClientTls, connect, createClient } from "#lib/rpc/client.ts";
import type { Target } from "#lib/rpc/dial.ts";
import { Code, RpcError } from "#lib/rpc/status.ts";
import type { Data } from "#proto/common_pb.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { accessIn } from "./kubeconfig_archive.ts";

/** Which cluster, and how long. */
export interface ClientHealthOptions {
  /** apids of control planes, tried in turn. */
  readonly endpoints: readonly Target[];
  /** The administrator's: a kubeconfig is for nobody else. */
  readonly tls: ClientTls;
  readonly cluster: ClusterNodes;
  /** The URL of an API server in place of the kubeconfig's. */
  readonly kubernetesUrl?: string;
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  readonly signal: AbortSignal;
}

/** A node makes one in less. */
const KUBECONFIG_MS = 10_000;

/** @throws {RpcError} when a frame carries a failure. */
async function* bytesOf(frames: AsyncIterable<Data>) {
  for await (const { bytes, metadata } of frames) {
    if (metadata && metadata.error !== "") {
      const code = metadata.status?.code ?? Code.Unknown;
      throw new RpcError(code, metadata.error);
    }
    yield bytes;
  }
}

/**
 * A client of Kubernetes with what one control plane gives; at another
 * attempt another one is asked, through another endpoint.
 */
async function kubeOf(
  { endpoints, tls, cluster, kubernetesUrl }: ClientHealthOptions,
  { attempt, signal }: { readonly attempt: number; signal: AbortSignal },
): Promise<KubeClient> {
  const { controlPlanes } = cluster;
  const target = endpoints[attempt % endpoints.length];
  const node = controlPlanes[attempt % controlPlanes.length];
  assert(target && node, "a cluster has an endpoint and a control plane");
  const channel = connect({ target, tls });
  try {
    const frames = createClient(MachineService, channel).kubeconfig({}, {
      metadata: { nodes: node },
      timeoutMs: KUBECONFIG_MS,
      signal,
    });
    const server = serverOf(await accessIn(bytesOf(frames)));
    const url = kubernetesUrl ?? server.url;
    return new KubeClient(kubeTransport({ ...server, url }));
  } finally {
    channel.close();
  }
}

/**
 * Resolves when the cluster is well; tells the progress of each condition.
 *
 * @throws {HealthError} when it does not become so in time.
 */
export async function waitForHealth(
  options: ClientHealthOptions,
  onNews: (news: HealthNews) => void | Promise<void>,
): Promise<void> {
  const { endpoints, tls } = options;
  let attempt = 0;
  using view = new RemoteView({
    ...{ endpoints, tls },
    kube: (signal) => kubeOf(options, { attempt: attempt++, signal }),
  });
  const { cluster, clock, timeoutMs, signal } = options;
  const watched = { view, cluster, clock, timeoutMs, signal };
  for await (const news of watchHealth(watched)) await onNews(news);
}
