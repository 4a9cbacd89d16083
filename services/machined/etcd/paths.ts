/** Where etcd's things are on a node, and its ports. */

/** Directories and files. */
export const ETCD_PATHS = {
  data: "/var/lib/etcd",
  pki: "/etc/kubernetes/pki/etcd",
  ca: "/etc/kubernetes/pki/etcd/ca.crt",
  crt: "/etc/kubernetes/pki/etcd/peer.crt",
  key: "/etc/kubernetes/pki/etcd/peer.key",
} as const;

/** TCP ports; the last on the loopback only. */
export const ETCD_PORTS = { client: 2379, peer: 2380, metrics: 2381 } as const;

/** As in `https://10.5.0.2:2380`. */
export function etcdUrl(address: string, port: number): string {
  return `https://${address.includes(":") ? `[${address}]` : address}:${port}`;
}
