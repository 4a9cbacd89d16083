/**
 * Approves the serving certificates that kubelets ask for, and only for the
 * node's own names: whoever has a node's certificate must not become another
 * one, or the API server. Pure but for `approve`.
 */
import type { KubeClient } from "#lib/kube/client.ts";
import { isNotFound } from "#lib/kube/errors.ts";
import {
  type CertificateSigningRequest,
  type KubeNode,
  RESOURCES,
} from "#lib/kube/resources.ts";
import { canonicalAddress } from "#lib/net/ip.ts";
import { readCsr, requestedOrganizations } from "#lib/pki/mod.ts";

/** Who signs the certificates that kubelets serve with. */
const SIGNER = "kubernetes.io/kubelet-serving";
const NODE_USER = "system:node:";
const NODES = "system:nodes";
const USAGES: readonly string[] = [
  "digital signature",
  "key encipherment",
  "server auth",
];

/** Whether it is ours to decide and nobody has. */
export function isPending(request: CertificateSigningRequest): boolean {
  return request.spec.signerName === SIGNER &&
    (request.status?.conditions ?? []).length === 0 &&
    request.status?.certificate === undefined;
}

/** The node that asks, by the name it authenticated with. */
export function nodeOf({ spec }: CertificateSigningRequest) {
  const { username = "" } = spec;
  return username.startsWith(NODE_USER)
    ? username.slice(NODE_USER.length)
    : undefined;
}

/** Names and addresses that a node calls its own. */
function ownNames(node: KubeNode): Set<string> {
  const addresses = node.status?.addresses ?? [];
  return new Set([
    node.metadata.name,
    ...addresses.map(({ address }) => canonicalAddress(address)),
  ]);
}

/** Why the request is not approved; undefined when it is. */
export async function refusalOf(
  request: CertificateSigningRequest,
  node: KubeNode,
): Promise<string | undefined> {
  const { groups = [], usages = [], username } = request.spec;
  if (username !== `${NODE_USER}${node.metadata.name}`) {
    return "it is not the node's own request";
  }
  if (!groups.includes(NODES)) return `who asks is not in ${NODES}`;
  const usage = usages.find((one) => !USAGES.includes(one));
  if (usage !== undefined) return `usage "${usage}" is not for serving`;
  if (!usages.includes("server auth")) return "it is not for serving";
  const pem = atob(request.spec.request);
  const organizations = await requestedOrganizations(pem);
  if (organizations.join() !== NODES) return "its organization is another";
  const { names, addresses, commonName, others } = await readCsr(pem);
  if (commonName !== username) return "its common name is not the node's";
  if (others > 0) return "it asks for more than names and addresses";
  const own = ownNames(node);
  const foreign = [...names, ...addresses].find((name) => !own.has(name));
  if (foreign !== undefined) return `"${foreign}" is not the node's own`;
  return names.length + addresses.length === 0 ? "it names nothing" : undefined;
}

/** Decides one request; what was decided, for the log. */
export async function decide(
  request: CertificateSigningRequest,
  client: KubeClient,
  signal: AbortSignal,
): Promise<string> {
  const name = nodeOf(request);
  const { name: id } = request.metadata;
  const node = name === undefined
    ? undefined
    : await client.get(RESOURCES.nodes, { name }, signal).catch((thrown) => {
      if (isNotFound(thrown)) return undefined;
      throw thrown;
    });
  const refusal = node === undefined
    ? "no node asks for it"
    : await refusalOf(request, node).catch((thrown) => String(thrown));
  if (refusal !== undefined) {
    return `serving certificate ${id} is not approved: ${refusal}`;
  }
  await client.patch(RESOURCES.certificateSigningRequests, {
    name: id,
    subresource: "approval",
    change: {
      status: {
        conditions: [{
          type: "Approved",
          status: "True",
          reason: "TalosApproved",
          message: "all names are the node's own",
        }],
      },
    },
  }, signal);
  return `serving certificate ${id} approved for node ${name}`;
}
