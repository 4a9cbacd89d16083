/**
 * What has to be done to the links, as a list that can be printed and
 * compared. Pure: the kernel's links come in, operations go out.
 */
import {
  formatIp,
  formatPrefix,
  parsePrefix,
  type Prefix,
} from "#lib/net/ip.ts";
import {
  addAddress,
  createLink,
  createVlan,
  deleteAddress,
  deleteRoute,
  type Link,
  replaceRoute,
  type Request,
  setLinkUp,
  type StaticRoute,
} from "./rtnetlink.ts";
import type { AddressSettings, NetworkSettings } from "./settings.ts";

/** One change of the kernel's tables. */
export interface Operation {
  /** The same for the same change: what one config did and another does not. */
  readonly text: string;
  readonly request: Request;
  /** Takes it back, where a later config may want that. */
  readonly undo?: Request;
}

/** Operations in their order, and what stands in the way of others. */
export interface Plan {
  readonly operations: readonly Operation[];
  readonly problems: readonly string[];
}

const LOOPBACK: AddressSettings = {
  name: "lo",
  prefix: parsePrefix("127.0.0.1/8")!,
  routes: [],
};

/** Dummy links and VLANs that are not there; a VLAN only once its link is. */
export function missingLinks(
  settings: NetworkSettings,
  links: readonly Link[],
): Operation[] {
  const byName = new Map(links.map((link) => [link.name, link]));
  return settings.links.flatMap(({ name, dummy, vlans }) => {
    const operations: Operation[] = [];
    if (dummy && !byName.has(name)) {
      const text = `create the dummy link "${name}"`;
      operations.push({ text, request: createLink(name, "dummy") });
    }
    const parent = byName.get(name);
    if (parent === undefined) return operations;
    for (const vlan of vlans.filter((each) => !byName.has(each.name))) {
      operations.push({
        text: `create the VLAN "${vlan.name}"`,
        request: createVlan(vlan.name, parent.index, vlan.id),
      });
    }
    return operations;
  });
}

/** Everything else: up, addresses, routes; loopback first. */
export function planFor(
  settings: NetworkSettings,
  links: readonly Link[],
): Plan {
  const problems: string[] = [];
  const byName = new Map(links.map((link) => [link.name, link]));
  const wanted = [
    LOOPBACK,
    ...settings.links.flatMap(({ vlans, ...link }) => [
      link,
      ...vlans,
    ]),
  ];
  const operations = wanted.flatMap((each) => {
    const link = byName.get(each.name);
    if (link !== undefined) return operationsOf(each, link);
    problems.push(`there is no link "${each.name}"`);
    return [];
  });
  return { operations, problems };
}

function operationsOf(settings: AddressSettings, link: Link): Operation[] {
  const { name, prefix, routes, mtu } = settings;
  const { index } = link;
  const up = mtu === undefined ? "" : ` with MTU ${mtu}`;
  return [
    { text: `bring "${name}" up${up}`, request: setLinkUp(index, mtu) },
    ...(prefix === undefined ? [] : [addressOperation(name, index, prefix)]),
    ...routes.map((route) =>
      routeOperation(name, { ...route, linkIndex: index })
    ),
  ];
}

function addressOperation(
  name: string,
  index: number,
  prefix: Prefix,
): Operation {
  return {
    text: `add ${formatPrefix(prefix)} to "${name}"`,
    request: addAddress(index, prefix),
    undo: deleteAddress(index, prefix),
  };
}

function routeOperation(name: string, route: StaticRoute): Operation {
  const { destination, gateway, metric } = route;
  const via = gateway === undefined ? "" : ` via ${formatIp(gateway)}`;
  return {
    text: `route ${formatPrefix(destination)}${via} on "${name}", ` +
      `metric ${metric}`,
    request: replaceRoute(route),
    undo: deleteRoute(route),
  };
}
