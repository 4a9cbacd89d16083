/**
 * `machine.registries` as containerd reads it: a directory for each host with
 * hosts.toml and the files of its TLS, and credentials for its CRI plugin.
 * Pure.
 */
import { assert } from "#lib/assert.ts";
import type { EffectiveConfig } from "#lib/config/mod.ts";
import type { RegistryAuth } from "#lib/containerd/transfer.ts";
import { toml, type TomlTable } from "#lib/toml.ts";

/** The part of the machine config. */
export type Registries = EffectiveConfig["machine"]["registries"];
type HostConfig = NonNullable<Registries["config"]>[string];
type HostTls = NonNullable<HostConfig["tls"]>;

/** A file below the directory of all hosts. */
export interface RegistryFile {
  /** `registry.local:5000/hosts.toml` */
  readonly path: string;
  readonly text: string;
}

/** containerd asks docker.io under another name. */
const ALIASES: Readonly<Record<string, string>> = {
  "registry-1.docker.io": "docker.io",
};

/** The host whose settings are for whatever has none of its own. */
const ANY = "*";

/** The directory of a host; names are checked by the config's schema. */
function directoryOf(host: string): string {
  assert(/^[^/\0]+$/.test(host) && !/^\.+$/.test(host), "a host");
  return host === ANY ? "_default" : host;
}

/** `https://r:5/x` is served by `r:5`. */
function hostOf(endpoint: string): string {
  return new URL(endpoint).host;
}

/** The paths of TLS files are relative to hosts.toml. */
function tlsKeys(tls: HostTls | undefined, prefix: string): TomlTable {
  if (!tls) return {};
  return {
    ...tls.ca !== undefined && { ca: `${prefix}ca.crt` },
    ...tls.clientIdentity && {
      client: [[`${prefix}client.crt`, `${prefix}client.key`]],
    },
    ...tls.insecureSkipVerify && { skip_verify: true },
  };
}

function tlsFiles(host: string, tls: HostTls | undefined): RegistryFile[] {
  const { ca, clientIdentity: { crt, key } = {} } = tls ?? {};
  const directory = directoryOf(host);
  const given: [string, string | undefined][] = [
    ["ca.crt", ca],
    ["client.crt", crt],
    ["client.key", key],
  ];
  return given.flatMap(([name, text]) =>
    text === undefined ? [] : [{ path: `${directory}/${name}`, text }]
  );
}

/** A mirror: asked before the registry itself. */
function mirrorTable(endpoint: string, tls: HostTls | undefined): TomlTable {
  const { pathname } = new URL(endpoint);
  return {
    capabilities: ["pull", "resolve"],
    // A path is meant as it is; without one it is /v2.
    ...pathname !== "/" && { override_path: true },
    ...tlsKeys(tls, `../${directoryOf(hostOf(endpoint))}/`),
  };
}

/**
 * All files of the directory of hosts. A host without mirrors has those of
 * `*`; the registry itself is always the last that is asked.
 */
export function registryFiles(
  { mirrors = {}, config = {} }: Registries,
): RegistryFile[] {
  const hosts = new Set([...Object.keys(mirrors), ...Object.keys(config)]);
  return [...hosts].sort().flatMap((host) => {
    const { endpoints = [] } = mirrors[host] ?? mirrors[ANY] ?? {};
    const tls = config[host]?.tls;
    const tables = endpoints.map((endpoint) => [
      endpoint.replace(/\/+$/, ""),
      mirrorTable(endpoint, config[hostOf(endpoint)]?.tls),
    ]);
    const text = toml({
      ...tlsKeys(tls, ""),
      host: Object.fromEntries(tables),
    });
    return [
      { path: `${directoryOf(host)}/hosts.toml`, text },
      ...tlsFiles(host, tls),
    ];
  });
}

/** `auth` is base64 of user name, colon, password, as docker writes it. */
function decodeAuth(auth: string): Pick<RegistryAuth, "username" | "password"> {
  try {
    const text = new TextDecoder().decode(Uint8Array.fromBase64(auth));
    const colon = text.indexOf(":");
    if (colon < 0) return {};
    return { username: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return {};
  }
}

/** Whom containerd asks for `image` (`registry.k8s.io/pause:3`), in order. */
export function registriesOf(
  { mirrors = {} }: Registries,
  image: string,
): string[] {
  const host = image.slice(0, image.indexOf("/"));
  const { endpoints = [] } = mirrors[host] ?? mirrors[ANY] ?? {};
  return [...new Set([...endpoints.map(hostOf), host])];
}

/** What to say to the registry at `host`, if anything. */
export function registryAuth(
  { config = {} }: Registries,
  host: string,
): RegistryAuth | undefined {
  const auth = (config[host] ?? config[ALIASES[host] ?? host])?.auth;
  if (!auth) return undefined;
  const { username, password, identityToken } = auth;
  const pair = auth.auth === undefined ? {} : decodeAuth(auth.auth);
  return {
    ...pair,
    ...username !== undefined && { username },
    ...password !== undefined && { password },
    ...identityToken !== undefined && { identityToken },
  };
}

/** Credentials as the CRI plugin has them. */
export function criAuths(
  { config = {} }: Registries,
): Record<string, TomlTable> {
  const auths: Record<string, TomlTable> = {};
  for (const [host, { auth }] of Object.entries(config)) {
    if (!auth) continue;
    const { username, password, identityToken } = auth;
    const table = {
      username,
      password,
      auth: auth.auth,
      identitytoken: identityToken,
    };
    auths[host] = table;
    for (const [alias, name] of Object.entries(ALIASES)) {
      if (name === host) auths[alias] = table;
    }
  }
  return auths;
}
