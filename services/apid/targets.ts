/** The nodes that a call names, checked (pure). */
import { isIPv4, isIPv6 } from "node:net";
import { isHostname } from "#lib/net/resolve.ts";
import { PORTS } from "#lib/paths.ts";

/** A node as a call names it. */
export interface Target {
  /** As it stands in the call; the answers carry it. */
  readonly name: string;
  /** Address or host name without brackets. */
  readonly host: string;
  /** `10.5.0.3:50000`, `[fd00::3]:50000`. */
  readonly address: string;
}

/** The target that `name` means; undefined when it is empty or has a port. */
export function parseTarget(name: string): Target | undefined {
  const host = /^\[(.*)\]$/.exec(name)?.[1] ?? name;
  if (isIPv6(host)) {
    return { name, host, address: `[${host}]:${PORTS.apid}` };
  }
  if (host !== name) return undefined;
  if (!isIPv4(host) && !isHostname(host)) return undefined;
  return { name, host, address: `${host}:${PORTS.apid}` };
}
