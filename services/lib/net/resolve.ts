/**
 * Names to IPv4 addresses: a literal is itself, then the hosts file, then the
 * resolvers of resolv.conf. Takes only permission for UDP port 53 and the
 * hosts file; getaddrinfo would want permission for every name.
 */
import { isIPv4 } from "node:net";
import { AgentError } from "../errors.ts";

/** Addresses of a name, at least one; rejects when there are none. */
export type Resolve = (
  name: string,
  signal: AbortSignal,
) => Promise<readonly string[]>;

/** A text that is neither an address nor a name. */
export class NameError extends AgentError<
  { readonly kind: "invalid"; readonly name: string }
> {
  override name = "NameError";

  constructor(name: string) {
    super(
      { kind: "invalid", name },
      `${JSON.stringify(name.slice(0, 300))} is no IPv4 address or name`,
    );
  }
}

/** More addresses of a name than this are not looked at. */
const ADDRESSES_MAX = 16;

/** Letters, digits, hyphens and underscores between dots, 253 in all. */
export function isHostname(name: string): boolean {
  return name.length <= 253 && !/^[\d.]+$/.test(name) &&
    /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i
      .test(name);
}

/** IPv4 addresses of `name` in the text of a hosts file. */
export function lookupInHosts(text: string, name: string): string[] {
  const wanted = name.toLowerCase();
  return text.split("\n").flatMap((line) => {
    const [address = "", ...names] = line.replace(/#.*/, "").trim()
      .split(/\s+/);
    return isIPv4(address) &&
        names.some((each) => each.toLowerCase() === wanted)
      ? [address]
      : [];
  });
}

/** {@linkcode Resolve} by this machine's files and resolvers. */
export async function resolve(
  name: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (isIPv4(name)) return [name];
  if (!isHostname(name)) {
    throw new NameError(name);
  }
  const hosts = await Deno.readTextFile("/etc/hosts").catch(() => "");
  const fixed = lookupInHosts(hosts, name);
  const found = fixed.length > 0
    ? fixed
    : await Deno.resolveDns(name, "A", { signal });
  return found.slice(0, ADDRESSES_MAX);
}
