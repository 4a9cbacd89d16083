/**
 * `machine.network` of the machine config as networkd uses it. machined has
 * validated it; by hand anything can come, so whatever does not fit is left
 * out and named. Pure.
 */
import { parseIp, parsePrefix, type Prefix } from "#lib/net/ip.ts";
import { isHostname } from "#lib/net/resolve.ts";

/** Resolvers of a node that names none. */
const DEFAULT_NAMESERVERS: readonly string[] = ["1.1.1.1", "8.8.8.8"];
/** glibc reads no more. */
const NAMESERVERS_MAX = 3;
const ROUTE_METRIC = 10;
const HOSTNAME_MAX = 63;
const FQDN_MAX = 253;

/** A route of a link. */
export interface RouteSettings {
  readonly destination: Prefix;
  readonly gateway?: Uint8Array;
  readonly metric: number;
}

/** What a link or a VLAN is given. */
export interface AddressSettings {
  readonly name: string;
  readonly prefix?: Prefix;
  readonly routes: readonly RouteSettings[];
  readonly mtu?: number;
}

/** One link that is not ignored. */
export interface LinkSettings extends AddressSettings {
  readonly dummy: boolean;
  readonly vlans: readonly (AddressSettings & { readonly id: number })[];
}

/** A line of the hosts file. */
export interface HostEntry {
  readonly ip: string;
  readonly aliases: readonly string[];
}

/** All of it. */
export interface NetworkSettings {
  /** First label and the rest; both may be empty. */
  readonly hostname: string;
  readonly domain: string;
  readonly nameservers: readonly string[];
  readonly hosts: readonly HostEntry[];
  readonly links: readonly LinkSettings[];
}

type Tree = Readonly<Record<string, unknown>>;

function treeOf(value: unknown): Tree {
  return typeof value === "object" && value !== null ? value as Tree : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Collects what is left out. */
type Problem = (text: string) => void;

function routesOf(value: unknown, link: string, problem: Problem) {
  return listOf(value).flatMap((entry): RouteSettings[] => {
    const { network, gateway, metric } = treeOf(entry);
    const destination = parsePrefix(textOf(network));
    const hop = gateway === undefined ? undefined : parseIp(textOf(gateway));
    const fits = destination !== undefined &&
      (gateway === undefined || hop?.length === destination.address.length);
    if (!fits) {
      problem(`route ${JSON.stringify(network)} of "${link}" is not usable`);
      return [];
    }
    return [{
      destination,
      metric: typeof metric === "number" ? metric : ROUTE_METRIC,
      ...(hop === undefined ? {} : { gateway: hop }),
    }];
  });
}

function addressingOf(
  name: string,
  tree: Tree,
  problem: Problem,
): AddressSettings {
  const prefix = parsePrefix(textOf(tree.cidr));
  if (tree.cidr !== undefined && prefix === undefined) {
    problem(`address ${JSON.stringify(tree.cidr)} of "${name}" is not usable`);
  }
  if (tree.dhcp === true) problem(`DHCP on "${name}" is not there yet`);
  return {
    name,
    routes: routesOf(tree.routes, name, problem),
    ...(prefix === undefined ? {} : { prefix }),
    ...(typeof tree.mtu === "number" ? { mtu: tree.mtu } : {}),
  };
}

function linkOf(tree: Tree, problem: Problem): LinkSettings | undefined {
  const name = textOf(tree.interface);
  // IFNAMSIZ, and what the kernel refuses in a name.
  if (!/^[^\s/\0]{1,15}$/.test(name)) {
    problem(`link ${JSON.stringify(tree.interface)} is no name`);
    return undefined;
  }
  if (tree.bond !== undefined) {
    problem(`the bond "${name}" is not there yet`);
    return undefined;
  }
  const vlans = listOf(tree.vlans).map(treeOf).flatMap((vlan) => {
    const id = Number(vlan.vlanId);
    return Number.isInteger(id) && id >= 1 && id <= 4094
      ? [{ ...addressingOf(`${name}.${id}`, vlan, problem), id }]
      : [];
  });
  const addressing = addressingOf(name, tree, problem);
  return { ...addressing, dummy: tree.dummy === true, vlans };
}

function splitHostname(name: string, problem: Problem) {
  const [hostname = "", ...rest] = name.replace(/\.$/, "").split(".");
  const usable = name === "" ||
    isHostname(name) && hostname.length <= HOSTNAME_MAX &&
      name.length <= FQDN_MAX;
  if (usable) return { hostname, domain: rest.join(".") };
  problem(`host name ${JSON.stringify(name)} is not usable`);
  return { hostname: "", domain: "" };
}

function hostsOf(value: unknown, problem: Problem): HostEntry[] {
  return listOf(value).map(treeOf).flatMap((entry) => {
    const ip = textOf(entry.ip);
    const aliases = listOf(entry.aliases).map(textOf).filter(isHostname);
    if (parseIp(ip) !== undefined && aliases.length > 0) {
      return [{ ip, aliases }];
    }
    problem(`host entry ${JSON.stringify(ip)} is not usable`);
    return [];
  });
}

/** The settings in a slice of the config, and what of it cannot be used. */
export function settingsOf(
  config: Readonly<Record<string, unknown>>,
  node: { readonly hostname: string },
): { settings: NetworkSettings; problems: string[] } {
  const problems: string[] = [];
  const problem: Problem = (text) => void problems.push(text);
  const network = treeOf(treeOf(config.machine).network);
  const named = listOf(network.nameservers).map(textOf)
    .filter((ip) => {
      const usable = parseIp(ip) !== undefined;
      if (!usable) problem(`resolver ${JSON.stringify(ip)} is no address`);
      return usable;
    });
  const links = listOf(network.interfaces).map(treeOf)
    .filter((tree) => tree.ignore !== true)
    .map((tree) => linkOf(tree, problem))
    .filter((link) => link !== undefined);
  const settings: NetworkSettings = {
    ...splitHostname(textOf(network.hostname) || node.hostname, problem),
    nameservers: (named.length > 0 ? named : DEFAULT_NAMESERVERS)
      .slice(0, NAMESERVERS_MAX),
    hosts: hostsOf(network.extraHostEntries, problem),
    links,
  };
  return { settings, problems };
}
