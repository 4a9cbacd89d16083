/** Rules about links, their VLANs and bonds. */
import { childPath } from "../schema.ts";
import type { Rule } from "./rules.ts";
import type { MachineConfig } from "./types.ts";

type Link = NonNullable<
  NonNullable<NonNullable<MachineConfig["machine"]>["network"]>["interfaces"]
>[number];
type Bond = NonNullable<Link["bond"]>;
type Report = (path: string, message: string) => void;

const INTERFACES = "machine.network.interfaces";

/** The links that are not ignored, with their paths. */
function linksOf({ machine }: MachineConfig): [string, Link][] {
  return (machine?.network?.interfaces ?? [])
    .map((link, index) => [childPath(INTERFACES, index), link] as const)
    .filter(([, link]) => link.ignore !== true)
    .map(([path, link]) => [path, link]);
}

const names: Rule = ({ machine }, { problem }) => {
  const seen = new Map<string, string>();
  for (const [index, link] of (machine?.network?.interfaces ?? []).entries()) {
    const name = link.interface;
    if (name === undefined) continue;
    const path = `${childPath(INTERFACES, index)}.interface`;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, path);
    else problem(path, `this link is listed twice, first as ${first}`);
  }
};

const addressing: Rule = (config, { problem }) => {
  for (const [path, link] of linksOf(config)) {
    if (link.dhcp && link.cidr !== undefined) {
      problem(path, "dhcp and cidr exclude each other");
    }
  }
};

const vlans: Rule = (config, { problem }) => {
  for (const [path, link] of linksOf(config)) {
    const ids = new Set<number>();
    for (const [index, { vlanId }] of (link.vlans ?? []).entries()) {
      if (vlanId === undefined) continue;
      const at = `${childPath(`${path}.vlans`, index)}.vlanId`;
      if (ids.has(vlanId)) problem(at, `VLAN ${vlanId} is listed twice`);
      ids.add(vlanId);
      const name = `${link.interface ?? ""}.${vlanId}`;
      if (name.length > 15) {
        problem(at, `the link "${name}" would have more than 15 characters`);
      }
    }
  }
};

/** What the kernel refuses. */
function checkBond(bond: Bond, path: string, problem: Report): void {
  const { mode = "balance-rr" } = bond;
  if (bond.lacpRate !== undefined && mode !== "802.3ad") {
    problem(`${path}.lacpRate`, `only for mode 802.3ad, not ${mode}`);
  }
  const noArp = ["802.3ad", "balance-tlb", "balance-alb"].includes(mode);
  if ((bond.arpInterval ?? 0) > 0) {
    if (noArp) problem(`${path}.arpInterval`, `not for mode ${mode}`);
    if ((bond.miimon ?? 0) > 0) {
      problem(
        `${path}.arpInterval`,
        "arpInterval and miimon exclude each other",
      );
    }
  }
  const preferring = ["active-backup", "balance-tlb", "balance-alb"];
  if (bond.primary !== undefined && !preferring.includes(mode)) {
    problem(
      `${path}.primary`,
      `only for ${preferring.join(", ")}, not ${mode}`,
    );
  }
  if (
    bond.primary !== undefined && bond.interfaces !== undefined &&
    !bond.interfaces.includes(bond.primary)
  ) problem(`${path}.primary`, "not one of the interfaces of the bond");
}

const bonds: Rule = (config, { problem, warning }) => {
  const owners = new Map<string, string>();
  const links = linksOf(config);
  for (const [path, { bond, interface: owner = "" }] of links) {
    if (bond === undefined) continue;
    const at = `${path}.bond`;
    if (bond.interfaces?.length === 0) {
      problem(`${at}.interfaces`, "required: at least one link");
    }
    for (const [index, name] of (bond.interfaces ?? []).entries()) {
      const slave = childPath(`${at}.interfaces`, index);
      const other = owners.get(name);
      if (name === owner) problem(slave, "a bond cannot contain itself");
      else if (other !== undefined) {
        problem(slave, `${name} belongs to ${other} already`);
      }
      owners.set(name, owner);
      const listed = links.find(([, link]) => link.interface === name);
      if (listed && (listed[1].dhcp || listed[1].cidr !== undefined)) {
        problem(slave, `${name} has addresses of its own`);
      }
    }
    checkBond(bond, at, problem);
    for (const key of ["arpIPTarget", "adActorSystem"] as const) {
      if (bond[key] !== undefined) warning(`${at}.${key}`, "not applied");
    }
  }
};

/** All of them. */
export const INTERFACE_RULES: readonly Rule[] = [
  names,
  addressing,
  vlans,
  bonds,
];
