/** The bridge of a cluster and the links of its nodes; through `ip`. */
import { rangesOverlap } from "#lib/net/ip.ts";
import type { NetworkPlan, NodePlan } from "./plan.ts";
import type { Host } from "./processes.ts";
import { ProvisionError } from "./provision.ts";

/** A link of the host, as far as we look at it. */
interface Link {
  readonly ifname: string;
  readonly addr_info?: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
  }[];
}

async function links(host: Host): Promise<Link[]> {
  return JSON.parse(await host(["ip", "-json", "address", "show"]) || "[]");
}

/** Runs several `ip` commands as one; `pid` names the network namespace. */
async function ipBatch(
  host: Host,
  commands: readonly string[],
  pid?: number,
) {
  const enter = pid === undefined
    ? []
    : ["nsenter", `--net=/proc/${pid}/ns/net`];
  await host([...enter, "ip", "-batch", "-"], {
    input: commands.join("\n") + "\n",
  });
}

/** Refuses a network that the host already reaches otherwise. */
export async function checkNetworkFree(
  host: Host,
  network: NetworkPlan,
): Promise<void> {
  for (const link of await links(host)) {
    if (link.ifname === network.bridge) continue;
    for (const { local, prefixlen } of link.addr_info ?? []) {
      if (!rangesOverlap(`${local}/${prefixlen}`, network.cidr)) continue;
      throw new ProvisionError(
        { kind: "host", what: "network" },
        `Cannot use network "${network.cidr}": link "${link.ifname}" of this machine has ${local}/${prefixlen}; choose another with --cidr`,
      );
    }
  }
}

/** Makes the bridge with the gateway's address on it. */
export async function createBridge(
  host: Host,
  network: NetworkPlan,
): Promise<void> {
  const { bridge, gateway, prefix, mtu } = network;
  await ipBatch(host, [
    `link add ${bridge} mtu ${mtu} type bridge stp_state 0 forward_delay 0`,
    `address add ${gateway}/${prefix} dev ${bridge}`,
    `link set ${bridge} up`,
  ]);
}

/** Gives the network namespace of process `pid` its eth0. */
export async function connectNode(
  host: Host,
  { network, node, pid }: {
    network: NetworkPlan;
    node: NodePlan;
    pid: number;
  },
): Promise<void> {
  const { bridge, gateway, prefix, mtu } = network;
  await ipBatch(host, [
    `link add ${node.link} mtu ${mtu} type veth peer name eth0 mtu ${mtu} netns ${pid}`,
    `link set ${node.link} master ${bridge} up`,
  ]);
  await ipBatch(host, [
    "link set lo up",
    `address add ${node.ip}/${prefix} dev eth0`,
    "link set eth0 up",
    `route add default via ${gateway}`,
  ], pid);
}

/** Names of the cluster's links that are still there. */
export async function leftLinks(
  host: Host,
  id: string,
): Promise<string[]> {
  const names = (await links(host)).map((link) => link.ifname);
  return names.filter((name) => name.startsWith(id));
}

/** Removes the cluster's links; one that went by itself is no failure. */
export async function removeLinks(host: Host, id: string): Promise<void> {
  for (const name of await leftLinks(host, id)) {
    await host(["ip", "link", "delete", name]).catch(async (thrown) => {
      if ((await leftLinks(host, id)).includes(name)) throw thrown;
    });
  }
}
