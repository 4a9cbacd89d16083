/**
 * The CNI configuration of a node whose network is flannel's. flanneld writes
 * its share to /run/flannel/subnet.env; from that follow the ranges and the
 * MTU that the plugins of the CNI project are given. Pure.
 */
import { formatPrefix, networkOf, parsePrefix } from "#lib/net/ip.ts";

/** Where flanneld says what it has. */
export const SUBNET_FILE = "/run/flannel/subnet.env";
/** Where containerd looks for what we make of it. */
export const CNI_FILE = "/etc/cni/net.d/10-flannel.conflist";

/** What flanneld says. */
interface Subnet {
  readonly subnets: readonly string[];
  readonly networks: readonly string[];
  readonly mtu: number;
}

/** Reads subnet.env; undefined when it is not whole. */
export function readSubnet(text: string): Subnet | undefined {
  const values = new Map(
    text.split("\n").flatMap((line): [string, string][] => {
      const [, key, value] = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim()) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
  const listed = (...keys: string[]) =>
    keys.flatMap((key) => values.get(key)?.split(",") ?? [])
      .filter((cidr) => parsePrefix(cidr) !== undefined);
  const subnets = listed("FLANNEL_SUBNET", "FLANNEL_IPV6_SUBNET");
  const networks = listed("FLANNEL_NETWORK", "FLANNEL_IPV6_NETWORK");
  const mtu = Number(values.get("FLANNEL_MTU"));
  const whole = subnets.length > 0 && Number.isInteger(mtu) && mtu >= 576 &&
    mtu <= 65_535;
  return whole ? { subnets, networks, mtu } : undefined;
}

/** `10.244.1.1/24` as the range that it is the first address of. */
function rangeOf(subnet: string): string {
  return formatPrefix(networkOf(parsePrefix(subnet)!));
}

/** The list of plugins, as text. */
export function cniConfig({ subnets, networks, mtu }: Subnet): string {
  return `${
    JSON.stringify(
      {
        cniVersion: "1.0.0",
        name: "cbr0",
        plugins: [
          {
            type: "bridge",
            bridge: "cni0",
            mtu,
            isGateway: true,
            isDefaultGateway: true,
            hairpinMode: true,
            // flanneld does, and knows which addresses are the cluster's.
            ipMasq: false,
            ipam: {
              type: "host-local",
              ranges: subnets.map((subnet) => [{ subnet: rangeOf(subnet) }]),
              routes: networks.map((dst) => ({ dst })),
              dataDir: "/run/cni/networks",
            },
          },
          {
            type: "portmap",
            capabilities: { portMappings: true },
            backend: "nftables",
          },
        ],
      },
      null,
      2,
    )
  }\n`;
}
