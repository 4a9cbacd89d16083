/** The part of the machine config that trustd is given. */
import { urlHost } from "#lib/net/ip.ts";
import { fromBase64, type PemPair } from "#lib/pki/pem.ts";
import type { WorkerConfig } from "#lib/worker/protocol.ts";

/** What trustd works with. */
export interface Settings {
  /** `machine.token`; nobody is let in when it is empty. */
  readonly token: string;
  /** The machine CA; absent on a node that is no control plane. */
  readonly ca?: PemPair;
  /** Names and addresses of control planes, which no request gets. */
  readonly reserved: readonly string[];
  /** `cluster.network.dnsDomain`; names within belong to Kubernetes. */
  readonly dnsDomain: string;
}

type Tree = Readonly<Record<string, unknown>>;

function at(tree: unknown, ...keys: string[]): unknown {
  let value = tree;
  for (const key of keys) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.hasOwn(value, key) ? (value as Tree)[key] : undefined;
  }
  return value;
}

function textAt(tree: unknown, ...keys: string[]): string {
  const value = at(tree, ...keys);
  return typeof value === "string" ? value : "";
}

/** machined has validated the config; by hand anything can come. */
export function settingsOf({ config, node }: WorkerConfig): Settings {
  const crt = fromBase64(textAt(config, "machine", "ca", "crt"));
  const key = fromBase64(textAt(config, "machine", "ca", "key"));
  const sans = at(config, "machine", "certSANs");
  return {
    token: textAt(config, "machine", "token"),
    ...(crt !== "" && key !== "" && { ca: { crt, key } }),
    reserved: [
      ...node.addresses,
      node.hostname,
      textAt(config, "machine", "network", "hostname"),
      urlHost(textAt(config, "cluster", "controlPlane", "endpoint")),
      ...(Array.isArray(sans) ? sans.map(String) : []),
    ].filter((one) => one !== ""),
    dnsDomain: textAt(config, "cluster", "network", "dnsDomain") ||
      "cluster.local",
  };
}
