/**
 * Why the kubelet of this node has no certificate yet, in words for whoever
 * looks at the service: the kubelet itself only tries for ever. Asked with
 * what it asks with: the endpoint, the CA and the token of the config.
 */
import { chainOf } from "#lib/errors.ts";
import { KubeClient, type KubeTransport } from "#lib/kube/client.ts";
import { KubeError } from "#lib/kube/errors.ts";
import type { KubeServer } from "#lib/kube/transport.ts";
import type { Files } from "../files.ts";
import type { KubernetesInput } from "./input.ts";
import { endpointServer, KUBELET_PAIR } from "./control_planes.ts";

/** What it is found out with. */
export interface JoinOptions {
  readonly input: () => Pick<KubernetesInput, "config">;
  readonly files: Pick<Files, "read">;
  readonly connect: (server: KubeServer) => KubeTransport;
}

/** Whatever may ask for a certificate may read this. */
const ASKED = "certificates.k8s.io/v1";

/** What `error` says of a join at `url`. */
function describe(error: KubeError, url: string): string {
  const { status } = error.problem;
  if (status === 401) {
    return `the API server at ${url} does not know cluster.token of this node's config`;
  }
  if (status === 403) return `the API server at ${url} refuses cluster.token`;
  if (status !== 0) return `the API server at ${url} is not ready: ${status}`;
  const said = chainOf(error);
  const [, certificate] = /invalid peer certificate: (.{1,120})/s.exec(said) ??
    [];
  if (certificate === undefined) {
    return `nobody answers at cluster.controlPlane.endpoint ${url}: ${said}`;
  }
  const name = /not valid for name|NotValidForName/.test(certificate);
  return name
    ? `the certificate of the API server at ${url} is not for that name or address`
    : `the API server at ${url} is not of this node's cluster.ca: ${certificate}`;
}

/** Undefined when it has one, or nothing is in its way. */
export async function joinProblem(
  { input, files, connect }: JoinOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (await files.read(KUBELET_PAIR) !== undefined) return undefined;
  const { token = "" } = input().config.cluster;
  const server = endpointServer(input(), { token });
  const client = new KubeClient(connect(server));
  try {
    await client.resourcesOf(ASKED, signal);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof KubeError)) throw thrown;
    return `Cannot join the cluster: ${describe(thrown, server.url)}`;
  } finally {
    client.close();
  }
}
