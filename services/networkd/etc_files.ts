/** The texts of /etc/resolv.conf and /etc/hosts. Pure. */
import type { NetworkSettings } from "./settings.ts";

/** Where the node's own name is when it has no address. */
const NO_ADDRESS = "127.0.1.1";

/** At most three resolvers, and the domain that short names are tried in. */
export function resolvConf(
  { nameservers, domain }: Pick<NetworkSettings, "nameservers" | "domain">,
): string {
  const lines = nameservers.map((ip) => `nameserver ${ip}`);
  if (domain !== "") lines.push(`search ${domain}`);
  return lines.join("\n") + "\n";
}

/** localhost, the node by its first address, and the config's entries. */
export function hostsFile(
  settings: Pick<NetworkSettings, "hostname" | "domain" | "hosts">,
  addresses: readonly string[],
): string {
  const { hostname, domain, hosts } = settings;
  const own = [domain === "" ? "" : `${hostname}.${domain}`, hostname]
    .filter((name) => name !== "");
  const lines: [string, ...string[]][] = [
    ["127.0.0.1", "localhost"],
    ["::1", "localhost", "ip6-localhost", "ip6-loopback"],
    ["ff02::1", "ip6-allnodes"],
    ["ff02::2", "ip6-allrouters"],
  ];
  if (own.length > 0) lines.push([addresses[0] ?? NO_ADDRESS, ...own]);
  for (const { ip, aliases } of hosts) lines.push([ip, ...aliases]);
  return lines.map(([ip, ...names]) => `${ip.padEnd(15)} ${names.join(" ")}\n`)
    .join("");
}
