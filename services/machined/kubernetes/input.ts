/** What everything that is made for Kubernetes on this node depends on. */
import type { EffectiveConfig } from "#lib/config/mod.ts";
import { formatIp, parseIp } from "#lib/net/ip.ts";

/** A config, and the facts of the node that it is for. */
export interface KubernetesInput {
  readonly config: EffectiveConfig;
  /** The name of the node in Kubernetes. */
  readonly hostname: string;
  /** Of the node, the one that others reach it by first. */
  readonly addresses: readonly string[];
  /** In a container the machine's kernel settings are not the node's. */
  readonly mode: "container" | "metal";
}

/** Where things of Kubernetes are on a node. */
export const KUBERNETES_PATHS = {
  manifests: "/etc/kubernetes/manifests",
  /** The CA that the kubelet verifies its clients and the API server by. */
  ca: "/etc/kubernetes/pki/ca.crt",
  kubeletConfig: "/etc/kubernetes/kubelet.yaml",
  kubeletKubeconfig: "/etc/kubernetes/kubeconfig-kubelet",
  bootstrapKubeconfig: "/etc/kubernetes/bootstrap-kubeconfig",
  kubeletPki: "/var/lib/kubelet/pki",
  /** Of the control plane, on tmpfs: a directory for each component. */
  secrets: "/system/secrets/kubernetes",
  auditLog: "/var/log/audit/kube",
} as const;

/** The address `nth` places after the first of a range, as in `10.96.0.10`. */
export function addressIn(cidr: string, nth: number): string {
  const bytes = parseIp(cidr.split("/")[0]!);
  if (!bytes) throw new Error(`"${cidr}" is no range of addresses`);
  let carry = nth;
  for (let at = bytes.length - 1; carry > 0 && at >= 0; at--) {
    const sum = bytes[at]! + (carry & 0xff);
    bytes[at] = sum & 0xff;
    carry = (carry >> 8) + (sum >> 8);
  }
  return formatIp(bytes);
}

/** What the API server is told to advertise, and the kubelet to register. */
export function nodeAddress(input: KubernetesInput): string {
  const wantsIpv6 = input.config.cluster.network.podSubnets[0]!.includes(":");
  const fits = (address: string) => address.includes(":") === wantsIpv6;
  const address = input.addresses.find(fits) ?? input.addresses[0];
  if (address === undefined) throw new Error("this node has no address yet");
  return address;
}

/** The API server of this node, as its own components reach it. */
export function localApiServer({ config }: KubernetesInput): string {
  return `https://localhost:${config.cluster.controlPlane.localAPIServerPort}`;
}
