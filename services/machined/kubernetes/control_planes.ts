/**
 * The addresses of the control planes that live: those behind Kubernetes' own
 * service. A worker asks with the kubelet's certificate, so that its apid
 * finds a trustd wherever the cluster's endpoint leads to.
 */
import type { Clock } from "#lib/clock.ts";
import { KubeClient, type KubeTransport } from "#lib/kube/client.ts";
import { RESOURCES } from "#lib/kube/resources.ts";
import type { KubeServer } from "#lib/kube/transport.ts";
import { canonicalAddress } from "#lib/net/ip.ts";
import type { Files } from "../files.ts";
import { issueKubernetesAdmin, kubernetesCa } from "./admin.ts";
import { KUBERNETES_PATHS, type KubernetesInput } from "./input.ts";

const SERVICE = "kubernetes.io/service-name=kubernetes";
/** The kubelet's certificate with its key; it replaces the link. */
export const KUBELET_PAIR =
  `${KUBERNETES_PATHS.kubeletPki}/kubelet-client-current.pem`;

/** The addresses, as the API server has them. */
export async function controlPlaneAddresses(
  client: KubeClient,
  signal: AbortSignal,
): Promise<string[]> {
  const selection = { namespace: "default", labelSelector: SERVICE };
  const { items } = await client.list(
    RESOURCES.endpointSlices,
    selection,
    signal,
  );
  const all = items.flatMap(({ endpoints = [] }) =>
    endpoints.flatMap(({ addresses }) => addresses.map(canonicalAddress))
  );
  return [...new Set(all)].sort();
}

/** The API server behind the cluster's endpoint. */
export function endpointServer(
  { config }: Pick<KubernetesInput, "config">,
  credential: Pick<KubeServer, "crt" | "key" | "token">,
): KubeServer {
  const { controlPlane, ca } = config.cluster;
  return {
    url: controlPlane.endpoint.replace(/\/$/, ""),
    ca: ca?.crt ?? "",
    ...credential,
  };
}

/** Whose certificate and which connection {@linkcode endpointClient} uses. */
export interface EndpointOptions {
  readonly input: () => KubernetesInput;
  readonly connect: (server: KubeServer) => KubeTransport;
  readonly clock: Pick<Clock, "now">;
}

/**
 * A client of the API server behind the endpoint, as its administrator; `url`:
 * of another API server.
 */
export async function endpointClient(
  options: EndpointOptions & {
    readonly validityMs: number;
    readonly url?: string;
  },
): Promise<KubeClient> {
  const { connect, validityMs, clock } = options;
  const input = options.input();
  const ca = kubernetesCa(input);
  if (!ca) throw new Error("cluster.ca has no key on this node");
  const admin = await issueKubernetesAdmin(ca, { validityMs, clock });
  const server = endpointServer(input, admin);
  return new KubeClient(connect({ ...server, url: options.url ?? server.url }));
}

/** That client for `use`, and no longer. */
export async function throughEndpoint<T>(
  options: EndpointOptions & { readonly validityMs: number },
  use: (client: KubeClient) => Promise<T>,
): Promise<T> {
  const client = await endpointClient(options);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** What {@linkcode watchControlPlanes} works with. */
export interface WatchOptions {
  readonly input: () => KubernetesInput;
  readonly connect: (server: KubeServer) => KubeTransport;
  readonly files: Pick<Files, "read">;
  readonly clock: Clock;
  readonly changed: (addresses: readonly string[]) => void;
}

/** Before there is an answer, and between two. */
const FIRST_LOOK_MS = 1_000;
const LOOK_MS = 15_000;

/** Tells the addresses and each change of them. Ends with the signal. */
export async function watchControlPlanes(
  options: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const { input, connect, files, clock, changed } = options;
  let known = "";
  while (!signal.aborted) {
    try {
      const pem = new TextDecoder().decode(await files.read(KUBELET_PAIR));
      if (pem !== "") {
        const server = endpointServer(input(), { crt: pem, key: pem });
        const client = new KubeClient(connect(server));
        try {
          const addresses = await controlPlaneAddresses(client, signal);
          if (addresses.length > 0 && addresses.join() !== known) {
            known = addresses.join();
            changed(addresses);
          }
        } finally {
          client.close();
        }
      }
    } catch {
      // The kubelet has no certificate yet, or nobody answers: the next look.
    }
    const pauseMs = known === "" ? FIRST_LOOK_MS : LOOK_MS;
    await clock.sleep(pauseMs, signal).catch(() => {});
  }
}
