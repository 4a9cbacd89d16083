/** What `cluster show` prints. Pure. */
import type { ClusterRecord } from "../provision/provision.ts";
import type { Plain } from "./document.ts";
import { formatBytes } from "./size.ts";
import { formatTable, withHeader } from "./table.ts";

/** The cluster and its nodes, as the seed era laid them out. */
export function renderCluster(record: ClusterRecord): string {
  const { network } = record;
  const facts = formatTable([
    ["PROVISIONER", record.provisioner],
    ["NAME", record.name],
    ["NETWORK NAME", network.bridge],
    ["NETWORK CIDR", network.cidr],
    ["NETWORK GATEWAY", network.gateway],
    ["NETWORK MTU", String(network.mtu)],
  ]);
  const nodes = withHeader(
    ["NAME", "TYPE", "IP", "CPU", "RAM", "DISK"],
    record.nodes.map((node) => [
      node.name,
      node.type,
      node.ip,
      node.cpus.toFixed(2),
      formatBytes(node.memoryMiB * 1024 * 1024),
      "-",
    ]),
  );
  return `${facts}\nNODES:\n\n${nodes}`;
}

/** The same for `-o json` and `-o yaml`. */
export function plainCluster(record: ClusterRecord): Plain {
  const { provisioner, status, name, network } = record;
  return {
    provisioner,
    status,
    name,
    network: {
      name: network.bridge,
      cidr: network.cidr,
      gateway: network.gateway,
      mtu: network.mtu,
    },
    nodes: record.nodes.map(({ name, type, ip, cpus, memoryMiB }) => ({
      name,
      type,
      ip,
      cpus,
      memoryMiB,
    })),
  };
}
