/** IP addresses as bytes and text (RFC 5952), prefixes as both. */
import { isIPv4, isIPv6 } from "node:net";

/** 4 or 16 bytes; undefined when `text` is no address. Zones are refused. */
export function parseIp(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const [head = "", tail] = text.split("::");
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array(8 - before.length - after.length).fill(0);
  return Uint8Array.from(
    [...before, ...zeros, ...after].flatMap((group) => [
      group >> 8,
      group & 0xff,
    ]),
  );
}

/** 16-bit groups of one side of `::`; the last may be an IPv4 address. */
function groupsOf(side: string): number[] {
  if (side === "") return [];
  return side.split(":").flatMap((group) => {
    if (!group.includes(".")) return [parseInt(group, 16)];
    const [a, b, c, d] = group.split(".").map(Number);
    return [a! << 8 | b!, c! << 8 | d!];
  });
}

/** `10.5.0.2`, `fd00::1`, `::ffff:10.0.0.1`; empty for any other length. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return "";
  const groups = Array.from(
    { length: 8 },
    (_, i) => bytes[2 * i]! << 8 | bytes[2 * i + 1]!,
  );
  const mapped = groups.slice(0, 5).every((g) => g === 0) &&
    groups[5] === 0xffff;
  if (mapped) return `::ffff:${bytes.subarray(12).join(".")}`;
  const [start, length] = longestZeros(groups);
  const hex = (part: number[]) => part.map((g) => g.toString(16)).join(":");
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** The first of the longest runs of zero groups: where it starts, how long. */
function longestZeros(groups: number[]): [number, number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}

/** The one text of an address, so that texts compare; others stay. */
export function canonicalAddress(text: string): string {
  const bytes = parseIp(text);
  return bytes ? formatIp(bytes) : text;
}

/**
 * Who has this address, for limits of what one peer may take: whoever has one
 * IPv6 address has the 2^64 of its network. Other text stays.
 */
export function peerOf(address: string): string {
  const bytes = parseIp(address);
  if (bytes?.length !== 16) return address;
  const mapped = bytes.subarray(0, 12).toHex() === MAPPED;
  return mapped ? formatIp(bytes.subarray(12)) : bytes.subarray(0, 8).toHex();
}

/** The first 12 bytes of an IPv4 address in IPv6 (RFC 4291, 2.5.5.2). */
const MAPPED = "00000000000000000000ffff";

/** An address with the length of its network's prefix. */
export interface Prefix {
  readonly address: Uint8Array;
  readonly length: number;
}

/** `10.5.0.2/24`; undefined when `text` is none. */
export function parsePrefix(text: string): Prefix | undefined {
  const [, ip = "", digits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseIp(ip);
  const length = Number(digits);
  if (address === undefined || length > address.length * 8) return undefined;
  return { address, length };
}

/** The inverse of {@linkcode parsePrefix}. */
export function formatPrefix({ address, length }: Prefix): string {
  return `${formatIp(address)}/${length}`;
}

/** The prefix with the bits behind it cleared, or set (a broadcast address). */
export function networkOf(prefix: Prefix, hostBits: 0 | 1 = 0): Prefix {
  const address = prefix.address.map((byte, i) => {
    const bits = Math.min(Math.max(prefix.length - 8 * i, 0), 8);
    const mask = 0xff << (8 - bits) & 0xff;
    return hostBits === 0 ? byte & mask : byte & mask | ~mask & 0xff;
  });
  return { address, length: prefix.length };
}

/** Whether two ranges, as text, share an address; false when either is none. */
export function rangesOverlap(left: string, right: string): boolean {
  const [a, b] = [parsePrefix(left), parsePrefix(right)];
  if (!a || !b || a.address.length !== b.address.length) return false;
  const length = Math.min(a.length, b.length);
  const [one, two] = [a, b].map(({ address }) =>
    formatIp(networkOf({ address, length }).address)
  );
  return one === two;
}

/** The host in `https://10.5.0.2:6443`, IPv6 without brackets; else nothing. */
export function urlHost(url: string): string {
  return URL.parse(url)?.hostname.replace(/^\[|\]$/g, "") ?? "";
}
