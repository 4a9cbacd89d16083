/**
 * The shapes that text may have, by name. Pure: no look-up of any kind.
 */
import { parseIp, parsePrefix } from "../net/ip.ts";
import { parseDurationMs } from "./duration.ts";

/** One shape: a test, and how a problem names what was expected. */
interface Shape {
  readonly test: (text: string) => boolean;
  readonly expected: string;
}

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Whether `text` is an IPv6 address, without brackets and zone. */
function isIPv6(text: string): boolean {
  return parseIp(text)?.length === 16;
}

/** Whether `text` is an IP address, without brackets and zone. */
export function isIP(text: string): boolean {
  return parseIp(text) !== undefined;
}

/** A DNS name of one or more labels; a final dot is allowed. */
export function isDnsName(text: string): boolean {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  return name.length <= 253 && name.split(".").every((l) => LABEL.test(l)) &&
    // 1.2.3.4.5 is no name; a last label of digits is a mistyped address.
    !/^\d+$/.test(name.split(".").at(-1)!);
}

function isHost(text: string): boolean {
  return isIP(text) || isDnsName(text);
}

/** A host of a URL or registry: name, address or bracketed IPv6, and a port. */
export function parseHostPort(
  text: string,
): { host: string; port?: number } | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,6}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) return undefined;
  if (bracketed === undefined ? !isHost(host) : !isIPv6(host)) return undefined;
  if (digits === undefined) return { host };
  const port = Number(digits);
  return port >= 1 && port <= 65535 ? { host, port } : undefined;
}

/** An http or https URL in its parts. */
export function parseUrl(
  text: string,
): { scheme: string; host: string; port?: number; path: string } | undefined {
  const [, scheme, authority, path] =
    /^(https?):\/\/([^/?#\s]*)([/?#][^\s]*)?$/i.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) return undefined;
  const at = parseHostPort(authority.slice(authority.lastIndexOf("@") + 1));
  return at && { scheme: scheme.toLowerCase(), ...at, path: path ?? "" };
}

/** The bytes of standard base64; undefined when it is not. */
export function parseBase64(text: string): Uint8Array | undefined {
  const compact = text.replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.length % 4 !== 0) {
    return undefined;
  }
  try {
    return Uint8Array.from(atob(compact), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}

const MAX_SYSCTL = 255;

const SHAPES = {
  ip: { test: isIP, expected: "an IP address" },
  cidr: {
    test: (text) => parsePrefix(text) !== undefined,
    expected: "an address with a prefix length, for instance 10.0.0.5/24",
  },
  dns: { test: isDnsName, expected: "a DNS name" },
  host: { test: isHost, expected: "an IP address or a DNS name" },
  san: {
    test: (text) => isHost(text.startsWith("*.") ? text.slice(2) : text),
    expected: "an IP address or a DNS name",
  },
  url: {
    test: (text) => parseUrl(text) !== undefined,
    expected:
      "an http or https URL with a host and a port from 1 to 65535, if any",
  },
  registry: {
    test: (text) => text === "*" || parseHostPort(text) !== undefined,
    expected: "the host of a registry with an optional port, or *",
  },
  link: {
    test: (text) => /^(?!\.{1,2}$)[^\s/:]{1,15}$/.test(text),
    expected: "the name of a link: 1 to 15 characters, no space or slash",
  },
  mac: {
    test: (text) => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text),
    expected: "a MAC address",
  },
  path: {
    test: (text) =>
      // deno-lint-ignore no-control-regex
      /^\/[^\x00-\x1f]*$/.test(text) && !text.split("/").includes(".."),
    expected: 'an absolute path without ".."',
  },
  nonBlank: { test: (text) => text.trim() !== "", expected: "some text" },
  image: {
    test: (text) => /^[a-zA-Z0-9][\w.:/@+-]*$/.test(text),
    expected: "an image reference",
  },
  flag: {
    test: (text) => /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text),
    expected: "the name of a flag without leading dashes",
  },
  envValue: {
    test: (text) => !text.includes("\0"),
    expected: "text without a NUL character",
  },
  envName: {
    test: (text) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text),
    expected: "the name of an environment variable",
  },
  sysctl: {
    test: (text) =>
      text.length <= MAX_SYSCTL && /^[A-Za-z0-9_][\w./*:-]*$/.test(text) &&
      !/\.\.|\/\/|(^|\/)\.\.?(\/|$)/.test(text),
    expected:
      "the name of a kernel parameter, for instance net.ipv4.ip_forward",
  },
  token: {
    test: (text) => /^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(text),
    expected: "a token: 6 lower-case letters or digits, a dot, 16 more",
  },
  aesKey: {
    test: (text) => parseBase64(text)?.length === 32,
    expected: "32 bytes in base64",
  },
  certificate: {
    test: (text) => /^-----BEGIN CERTIFICATE-----\s/m.test(text),
    expected: "base64 of a PEM CERTIFICATE",
  },
  privateKey: {
    test: (text) => /^-----BEGIN ([A-Z0-9]+ )?PRIVATE KEY-----\s/m.test(text),
    expected: "base64 of a PEM PRIVATE KEY",
  },
  duration: {
    test: (text) => (parseDurationMs(text) ?? 0) > 0,
    expected: "a duration above zero, for instance 8760h",
  },
} as const satisfies Record<string, Shape>;

/** The name of a shape. */
export type Format = keyof typeof SHAPES;

/** What was expected, when `text` has not the shape `format`. */
export function misfit(format: Format, text: string): string | undefined {
  const shape: Shape = SHAPES[format];
  return shape.test(text) ? undefined : shape.expected;
}
