/**
 * Links, addresses and routes as rtnetlink has them. Pure.
 *
 * ```
 * ifinfomsg  0 family u8   2 type u16  4 index i32  8 flags u32  12 change u32
 * ifaddrmsg  0 family u8   1 prefix u8  2 flags u8  3 scope u8   4 index u32
 * rtmsg      0 family u8   1 dst_len u8  2 src_len u8  3 tos u8  4 table u8
 *            5 protocol u8  6 scope u8   7 type u8     8 flags u32
 * ```
 */
import { formatIp, networkOf, type Prefix } from "#lib/net/ip.ts";
import { AF_INET, AF_INET6 } from "#lib/sys/constants.ts";
import {
  decodeAttributes,
  encodeBody,
  type Message,
  NetlinkError,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  readText,
  readU32,
  text,
  u32,
  viewOf,
} from "./netlink.ts";

// linux/rtnetlink.h
export const RTM_NEWLINK = 16;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_VLAN_ID = 1;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;

// linux/if.h
export const IFF_UP = 0x1;
export const IFF_BROADCAST = 0x2;
export const IFF_LOOPBACK = 0x8;
export const IFF_POINTOPOINT = 0x10;
export const IFF_MULTICAST = 0x1000;

// linux/rtnetlink.h: tables, origins and scopes of routes
export const RT_TABLE_LOCAL = 255;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;

/** A network interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** `IFF_*`. */
  readonly flags: number;
  readonly mtu: number;
  readonly hardwareAddress: Uint8Array;
}

/** An address of a link. */
export interface Address {
  readonly linkIndex: number;
  readonly family: number;
  readonly prefix: Prefix;
}

/** A route; what is not said is absent. */
export interface Route {
  readonly family: number;
  /** Length 0 and an address of zeros is the default route. */
  readonly destination: Prefix;
  readonly gateway?: Uint8Array;
  readonly source?: Uint8Array;
  readonly linkIndex?: number;
  readonly metric: number;
  readonly table: number;
  readonly scope: number;
  readonly protocol: number;
  /** `RTM_F_*` and `RTNH_F_*`. */
  readonly flags: number;
}

/** What asks for one table, or changes one entry. */
export type Request = Pick<Message, "type" | "flags" | "body">;

function fixedPart(body: Uint8Array, bytes: number): DataView {
  if (body.length < bytes) {
    throw new NetlinkError(`${body.length} bytes where ${bytes} are fixed`);
  }
  return viewOf(body);
}

/** A link of RTM_NEWLINK. */
export function decodeLink(body: Uint8Array): Link {
  const view = fixedPart(body, 16);
  const attributes = decodeAttributes(body, 16);
  return {
    index: view.getInt32(4, true),
    name: readText(attributes.get(IFLA_IFNAME)),
    flags: view.getUint32(8, true),
    mtu: readU32(attributes.get(IFLA_MTU)) ?? 0,
    hardwareAddress: attributes.get(IFLA_ADDRESS)?.slice() ?? new Uint8Array(),
  };
}

/** An address of RTM_NEWADDR; undefined for families that are not IP. */
export function decodeAddress(body: Uint8Array): Address | undefined {
  const view = fixedPart(body, 8);
  const family = view.getUint8(0);
  const attributes = decodeAttributes(body, 8);
  // On a point-to-point link ADDRESS is the other end; LOCAL is always ours.
  const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  const wanted = addressBytes(family);
  if (wanted === undefined || address === undefined) return undefined;
  return {
    linkIndex: view.getUint32(4, true),
    family,
    prefix: prefixOf(address, view.getUint8(1), wanted),
  };
}

function addressBytes(family: number): number | undefined {
  return family === AF_INET ? 4 : family === AF_INET6 ? 16 : undefined;
}

function prefixOf(address: Uint8Array, length: number, bytes: number): Prefix {
  if (address.length !== bytes || length > bytes * 8) {
    throw new NetlinkError(`${address.length} bytes of address, /${length}`);
  }
  return { address: address.slice(), length };
}

/** A route of RTM_NEWROUTE; undefined for families that are not IP. */
export function decodeRoute(body: Uint8Array): Route | undefined {
  const view = fixedPart(body, 12);
  const family = view.getUint8(0);
  const bytes = addressBytes(family);
  if (bytes === undefined) return undefined;
  const attributes = decodeAttributes(body, 12);
  const hop = firstHop(attributes.get(RTA_MULTIPATH));
  const ip = (data: Uint8Array | undefined) =>
    data === undefined ? undefined : prefixOf(data, 0, bytes).address;
  const gateway = ip(attributes.get(RTA_GATEWAY) ?? hop?.gateway);
  const source = ip(attributes.get(RTA_PREFSRC));
  const linkIndex = readU32(attributes.get(RTA_OIF)) ?? hop?.linkIndex;
  return {
    family,
    destination: prefixOf(
      attributes.get(RTA_DST) ?? new Uint8Array(bytes),
      view.getUint8(1),
      bytes,
    ),
    ...(gateway === undefined ? {} : { gateway }),
    ...(source === undefined ? {} : { source }),
    ...(linkIndex === undefined ? {} : { linkIndex }),
    metric: readU32(attributes.get(RTA_PRIORITY)) ?? 0,
    table: readU32(attributes.get(RTA_TABLE)) ?? view.getUint8(4),
    scope: view.getUint8(6),
    protocol: view.getUint8(5),
    flags: view.getUint32(8, true),
  };
}

/** The first way of a route with many: rtnexthop is 8 bytes, then attributes. */
function firstHop(data: Uint8Array | undefined) {
  if (data === undefined) return undefined;
  const view = fixedPart(data, 8);
  const length = view.getUint16(0, true);
  if (length < 8 || length > data.length) {
    throw new NetlinkError(`next hop of ${length} bytes in ${data.length}`);
  }
  const attributes = decodeAttributes(data.subarray(0, length), 8);
  return {
    linkIndex: view.getInt32(4, true),
    gateway: attributes.get(RTA_GATEWAY),
  };
}

/** Asks for all links. */
export function dumpLinks(): Request {
  return { type: RTM_GETLINK, flags: 0, body: new Uint8Array(16) };
}

/** Asks for all addresses. */
export function dumpAddresses(): Request {
  return { type: RTM_GETADDR, flags: 0, body: new Uint8Array(8) };
}

/** Asks for all routes of all tables. */
export function dumpRoutes(): Request {
  return { type: RTM_GETROUTE, flags: 0, body: new Uint8Array(12) };
}

/** Brings a link up, with another MTU if one is given. */
export function setLinkUp(index: number, mtu?: number): Request {
  const fixed = new Uint8Array(16);
  const view = viewOf(fixed);
  view.setInt32(4, index, true);
  view.setUint32(8, IFF_UP, true);
  view.setUint32(12, IFF_UP, true);
  const attributes = mtu === undefined ? [] : [[IFLA_MTU, u32(mtu)] as const];
  return { type: RTM_NEWLINK, flags: 0, body: encodeBody(fixed, attributes) };
}

/** Makes a link of a kind that needs no more than a name, `dummy`. */
export function createLink(name: string, kind: string): Request {
  const info = encodeBody(new Uint8Array(), [[IFLA_INFO_KIND, text(kind)]]);
  const body = encodeBody(new Uint8Array(16), [
    [IFLA_IFNAME, text(name)],
    [IFLA_LINKINFO, info],
  ]);
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, body };
}

/** Makes the 802.1Q link `id` on top of another. */
export function createVlan(
  name: string,
  parentIndex: number,
  id: number,
): Request {
  const vlanId = new Uint8Array(2);
  viewOf(vlanId).setUint16(0, id, true);
  const info = encodeBody(new Uint8Array(), [
    [IFLA_INFO_KIND, text("vlan")],
    [IFLA_INFO_DATA, encodeBody(new Uint8Array(), [[IFLA_VLAN_ID, vlanId]])],
  ]);
  const body = encodeBody(new Uint8Array(16), [
    [IFLA_LINK, u32(parentIndex)],
    [IFLA_IFNAME, text(name)],
    [IFLA_LINKINFO, info],
  ]);
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, body };
}

function addressBody(index: number, prefix: Prefix): Uint8Array {
  const { address, length } = prefix;
  const ipv4 = address.length === 4;
  const fixed = new Uint8Array(8);
  const view = viewOf(fixed);
  view.setUint8(0, ipv4 ? AF_INET : AF_INET6);
  view.setUint8(1, length);
  view.setUint32(4, index, true);
  const attributes: [number, Uint8Array][] = [
    [IFA_LOCAL, address],
    [IFA_ADDRESS, address],
  ];
  // Networks of two addresses or one have no broadcast; nor has loopback.
  if (ipv4 && length < 31 && address[0] !== 127) {
    attributes.push([IFA_BROADCAST, networkOf(prefix, 1).address]);
  }
  return encodeBody(fixed, attributes);
}

/** Gives a link an address; EEXIST when it has it. */
export function addAddress(index: number, prefix: Prefix): Request {
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  return { type: RTM_NEWADDR, flags, body: addressBody(index, prefix) };
}

/** Takes an address away. */
export function deleteAddress(index: number, prefix: Prefix): Request {
  return { type: RTM_DELADDR, flags: 0, body: addressBody(index, prefix) };
}

/** A route as the machine config has it. */
export interface StaticRoute {
  readonly linkIndex: number;
  readonly destination: Prefix;
  readonly gateway?: Uint8Array;
  readonly metric: number;
}

function routeBody(route: StaticRoute): Uint8Array {
  const { destination, gateway, linkIndex, metric } = route;
  const network = networkOf(destination);
  const fixed = new Uint8Array(12);
  const view = viewOf(fixed);
  view.setUint8(0, network.address.length === 4 ? AF_INET : AF_INET6);
  view.setUint8(1, network.length);
  view.setUint8(4, RT_TABLE_MAIN);
  view.setUint8(5, RTPROT_STATIC);
  view.setUint8(6, gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
  view.setUint8(7, RTN_UNICAST);
  const attributes: [number, Uint8Array][] = [
    [RTA_OIF, u32(linkIndex)],
    [RTA_PRIORITY, u32(metric)],
  ];
  if (network.length > 0) attributes.unshift([RTA_DST, network.address]);
  if (gateway) attributes.push([RTA_GATEWAY, gateway]);
  return encodeBody(fixed, attributes);
}

/** Adds a route, or replaces the one to the same network with the same metric. */
export function replaceRoute(route: StaticRoute): Request {
  const flags = NLM_F_CREATE | NLM_F_REPLACE;
  return { type: RTM_NEWROUTE, flags, body: routeBody(route) };
}

/** Takes a route away. */
export function deleteRoute(route: StaticRoute): Request {
  return { type: RTM_DELROUTE, flags: 0, body: routeBody(route) };
}

/** `02:42:0a:05:00:02`; empty for links that have none, as Go prints it. */
export function formatHardwareAddress(bytes: Uint8Array): string {
  if (bytes.every((byte) => byte === 0)) return "";
  // An IP address here is the local end of a tunnel.
  if (bytes.length === 4 || bytes.length === 16) return formatIp(bytes);
  return bytes.toHex().replaceAll(/..(?=.)/g, "$&:");
}
