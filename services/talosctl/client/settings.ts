/** Flags and client config together: whom to ask, through whom, as whom. */
import {
  chooseContext,
  credentialsOf,
  missingContextText,
  type Talosconfig,
  talosconfigPath,
} from "#lib/config/talosconfig.ts";
import { loadTalosconfig } from "#lib/config/talosconfig_file.ts";
import type { Context } from "../cli/context.ts";
import { CliError } from "../cli/errors.ts";
import type { ClientIdentity } from "./certificate.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";

/** What a session needs to know. */
export interface Settings {
  readonly path: string;
  readonly contextName: string;
  readonly endpoints: readonly Endpoint[];
  readonly nodes: readonly string[];
  readonly identity: ClientIdentity;
  /** Nothing is verified but, if there are any, these fingerprints. */
  readonly insecure?: { readonly fingerprints: readonly string[] };
}

/** The client config's path, as flags and environment say. */
export function configPath({ globals, edge }: Context): string {
  return talosconfigPath({ flag: globals.talosconfig, env: edge.env });
}

/** The client config. @throws {CliError} when it cannot be read. */
export async function readTalosconfig(context: Context): Promise<Talosconfig> {
  const path = configPath(context);
  try {
    return await loadTalosconfig(path);
  } catch (cause) {
    throw new CliError("failure", `Cannot read "${path}"`, { cause });
  }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names.filter((name) => name !== ""))];
}

/** Reads the client config and applies the flags. @throws {CliError} */
export async function loadSettings(context: Context): Promise<Settings> {
  const { globals } = context;
  const path = configPath(context);
  const config = await readTalosconfig(context);
  const chosen = chooseContext(config, globals.context);
  const flagged = unique(globals.endpoints);
  const plain = flagged.length > 0 &&
    flagged.every((endpoint) => endpoint.startsWith("unix://"));
  if (!chosen && !plain) {
    throw new CliError(
      "failure",
      `Cannot use "${path}": ${missingContextText(config, globals.context)}`,
    );
  }
  const endpoints = flagged.length > 0
    ? flagged
    : unique(chosen?.endpoints ?? []);
  if (endpoints.length === 0) {
    throw new CliError("usage", "failed to determine endpoints", {
      next: 'use --endpoints or "talosctl config endpoint"',
    });
  }
  const nodes = globals.nodes.length > 0
    ? unique(globals.nodes)
    : unique(chosen?.nodes ?? []);
  const { ca = "", crt = "", key = "" } = chosen ? credentialsOf(chosen) : {};
  return {
    path,
    contextName: globals.context || config.context,
    endpoints: endpoints.map(parseEndpoint),
    nodes,
    identity: { ca, crt, key },
  };
}

/** Straight to the one node that is named. @throws {CliError} kind usage */
export function insecureSettings(
  context: Context,
  fingerprints: readonly string[],
): Settings {
  const nodes = unique(context.globals.nodes);
  if (nodes.length !== 1) {
    throw new CliError("usage", "--insecure needs exactly one node", {
      next: "name it with --nodes",
    });
  }
  return {
    path: "",
    contextName: "",
    endpoints: nodes.map(parseEndpoint),
    nodes: [],
    identity: { ca: "", crt: "", key: "" },
    insecure: { fingerprints },
  };
}
