/** network.NetworkService: the kernel's tables to messages. */
import { formatIp, formatPrefix, type Prefix } from "#lib/net/ip.ts";
import type { ServiceHandlers } from "#lib/rpc/call.ts";
import type { NetworkService } from "#proto/network_pb.ts";
import type { Rtnetlink } from "./netlink_client.ts";
import {
  formatHardwareAddress,
  IFF_BROADCAST,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  IFF_POINTOPOINT,
  IFF_UP,
} from "./rtnetlink.ts";

/** Kernel flag and the bit of Go's net.Flags, which peers put into the enum. */
const GO_FLAGS = [
  [IFF_UP, 1],
  [IFF_BROADCAST, 2],
  [IFF_LOOPBACK, 4],
  [IFF_POINTOPOINT, 8],
  [IFF_MULTICAST, 16],
] as const;

/** net.Flags of `IFF_*`. */
export function goFlags(flags: number): number {
  return GO_FLAGS.reduce(
    (bits, [kernel, go]) => flags & kernel ? bits | go : bits,
    0,
  );
}

/** Peers print single addresses as prefixes of full length. */
function hostPrefix(address: Uint8Array | undefined): string {
  if (address === undefined) return "";
  return `${formatIp(address)}/${address.length * 8}`;
}

/** Reads the tables at the time of the call. */
export function networkHandlers(
  netlink: Pick<Rtnetlink, "links" | "addresses" | "routes">,
): ServiceHandlers<typeof NetworkService> {
  return {
    interfaces: async () => {
      const [links, addresses] = [
        await netlink.links(),
        await netlink.addresses(),
      ];
      const byLink = Map.groupBy(addresses, ({ linkIndex }) => linkIndex);
      const interfaces = links.map((link) => ({
        index: link.index,
        mtu: link.mtu,
        name: link.name,
        hardwareaddr: formatHardwareAddress(link.hardwareAddress),
        flags: goFlags(link.flags),
        ipaddress: (byLink.get(link.index) ?? [])
          .map(({ prefix }: { prefix: Prefix }) => formatPrefix(prefix)),
      }));
      return { messages: [{ interfaces }] };
    },
    routes: async () => {
      const links = await netlink.links();
      const names = new Map(links.map(({ index, name }) => [index, name]));
      const routes = (await netlink.routes()).map((route) => ({
        interface: names.get(route.linkIndex ?? 0) ?? "",
        destination: formatPrefix(route.destination),
        gateway: hostPrefix(route.gateway),
        metric: route.metric,
        scope: route.scope,
        source: hostPrefix(route.source),
        family: route.family,
        protocol: route.protocol,
        flags: route.flags,
      }));
      return { messages: [{ routes }] };
    },
  };
}
