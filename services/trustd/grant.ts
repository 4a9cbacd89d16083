/**
 * What of a certificate request is granted. Pure. The token is shared by all
 * workers, so whoever has it is only believed about what can be seen: the
 * address that the request comes from.
 *
 * - Granted: that address, if the request names it, and names that look like a
 *   host's and are no control plane's. Never a subject, an organization or the
 *   right to be a client.
 * - Dropped, and said in the log: every other address and name.
 * - Refused: a request that does not name its own address, and any request
 *   from an address of a control plane, which issues its own certificate.
 */
import { isIP } from "node:net";
import { AgentError } from "#lib/errors.ts";
import { canonicalAddress } from "#lib/net/ip.ts";

/** What a request asks for. */
export interface Asked {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/** Names and addresses of control planes. */
export interface Reserved {
  readonly all: readonly string[];
  readonly dnsDomain: string;
}

/** What the certificate will say. */
export interface Grant {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly dropped: readonly string[];
}

/** A request that gets nothing. */
export class GrantError extends AgentError<{ readonly kind: "denied" }> {
  override name = "GrantError";

  constructor(message: string) {
    super({ kind: "denied" }, message);
  }
}

/** A host has its name and its name with the domain, perhaps an alias. */
const NAMES_MAX = 8;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** `worker-1` and `worker-1.example`, but no address, wildcard or number. */
function isHostName(name: string): boolean {
  const labels = name.split(".");
  return name.length <= 253 && labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1)!);
}

/** `kubernetes`, its longer forms, and what only the node itself may be. */
function isWellKnown(name: string, dnsDomain: string): boolean {
  return /^(localhost|kubernetes)(\.|$)/.test(name) ||
    name.endsWith(".localhost") || name.endsWith(".svc") ||
    name === dnsDomain || name.endsWith(`.${dnsDomain}`);
}

function isLocal(address: string): boolean {
  return /^(127\.|0\.|::1?$|fe80:)/i.test(address);
}

function comparable(text: string): string {
  return canonicalAddress(text).toLowerCase().replace(/\.$/, "");
}

/**
 * Decides about a request that came from `peer`.
 *
 * @throws {GrantError}
 */
export function grant(asked: Asked, peer: string, reserved: Reserved): Grant {
  const from = canonicalAddress(peer.replace(/%.*$/, ""));
  const taken = new Set(reserved.all.map(comparable));
  if (!isIP(from) || isLocal(from) || taken.has(from)) {
    throw new GrantError(
      `no certificate is signed for the address "${peer}": it is this node's or a control plane's`,
    );
  }
  const addresses = asked.addresses.map(canonicalAddress);
  if (!addresses.includes(from)) {
    const named = addresses.map((one) => `"${one}"`).join(", ") || "none";
    throw new GrantError(
      `certificate request comes from "${from}" but names ${named}`,
    );
  }
  const names = new Set<string>();
  const dropped = new Set(addresses.filter((one) => one !== from));
  for (const name of asked.names) {
    const plain = comparable(name);
    const allowed = isHostName(plain) && !taken.has(plain) &&
      !isWellKnown(plain, reserved.dnsDomain) && names.size < NAMES_MAX;
    if (allowed) names.add(plain);
    else dropped.add(name);
  }
  return { names: [...names], addresses: [from], dropped: [...dropped] };
}
