/**
 * The config of talosctl: contexts with endpoints, nodes and a client
 * certificate. Pure; talosconfig_file.ts reads and writes the file.
 */
import { isMap } from "yaml";
import { decodeNode } from "./decode.ts";
import { encodeValue } from "./encode.ts";
import { freeName, type Rename } from "../free_name.ts";
import { parseBase64 } from "./formats.ts";
import { ConfigError, type Problem, quote, tidyProblems } from "./problem.ts";
import { list, map, object, string } from "./schema.ts";
import { readSource } from "./yaml/source.ts";

/** One cluster, as talosctl sees it. */
export interface Context {
  readonly endpoints: readonly string[];
  /** Empty: the first endpoint answers for itself. */
  readonly nodes: readonly string[];
  /** Base64 of PEM, as in the file; see {@linkcode credentialsOf}. */
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

/** The whole file. */
export interface Talosconfig {
  /** The name of the current context; empty when there is none. */
  readonly context: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

/** What a file that is not there says. */
export const EMPTY_TALOSCONFIG: Talosconfig = { context: "", contexts: {} };

const hosts = list(string({}), {});

const SCHEMA = object({
  context: string({}),
  contexts: map(
    object({
      // The seed era's single endpoint, before there were several.
      target: string({}),
      endpoints: hosts,
      nodes: hosts,
      ca: string({}),
      crt: string({ secret: true }),
      key: string({ secret: true }),
    }, {}),
    {},
  ),
}, {});

interface RawContext extends Partial<Context> {
  readonly target?: string;
}

function contextOf(raw: RawContext): Context {
  const { target, endpoints = [], nodes = [] } = raw;
  return {
    endpoints: target && !endpoints.includes(target)
      ? [...endpoints, target]
      : endpoints,
    nodes,
    ca: raw.ca ?? "",
    crt: raw.crt ?? "",
    key: raw.key ?? "",
  };
}

/**
 * Decodes a talosconfig; an empty one is an empty file. Keys of newer
 * releases are passed over.
 *
 * @throws {ConfigError} with all problems; `file` names it in their texts.
 */
export function decodeTalosconfig(
  source: Uint8Array | string,
  file = "talosconfig",
): Talosconfig {
  const { documents, problems, place } = readSource(source);
  const document = documents[0];
  if (document === undefined || document.contents === null) {
    if (problems.length > 0) throw new ConfigError(file, problems);
    return EMPTY_TALOSCONFIG;
  }
  const decoded = decodeNode(SCHEMA, document, {
    place,
    unknownKeys: "ignore",
  });
  const found: Problem[] = [...problems, ...decoded.problems];
  if (found.length > 0) throw new ConfigError(file, tidyProblems(found));
  if (!isMap(document.contents)) return EMPTY_TALOSCONFIG;
  const raw = decoded.value as {
    context?: string;
    contexts?: Record<string, RawContext>;
  };
  return {
    context: raw.context ?? "",
    contexts: Object.fromEntries(
      Object.entries(raw.contexts ?? {}).map((
        [name, context],
      ) => [name, contextOf(context)]),
    ),
  };
}

/** The text of the file; keys that are empty are left out. */
export function encodeTalosconfig(config: Talosconfig): string {
  const contexts = Object.fromEntries(
    Object.entries(config.contexts).map(([name, context]) => {
      const { endpoints, nodes, ...rest } = context;
      return [name, {
        endpoints,
        ...nodes.length > 0 ? { nodes } : {},
        ...rest,
      }];
    }),
  );
  return encodeValue(SCHEMA, { context: config.context, contexts });
}

/**
 * Adds the contexts of `added`, and makes its current one current. Nothing
 * that is there is lost: a name that is taken gets an index, unless `force`
 * says to overwrite.
 */
export function mergeTalosconfig(
  base: Talosconfig,
  added: Talosconfig,
  options: { readonly force?: boolean } = {},
): { config: Talosconfig; renames: Rename[] } {
  const contexts: Record<string, Context> = { ...base.contexts };
  const renames: Rename[] = [];
  let current = base.context;
  for (const [name, context] of Object.entries(added.contexts)) {
    const taken = new Set(Object.keys(contexts));
    const to = options.force ? name : freeName(name, taken);
    if (to !== name) renames.push({ from: name, to });
    contexts[to] = context;
    if (name === added.context) current = to;
  }
  return { config: { context: current, contexts }, renames };
}

/** PEM of a context; undefined parts are empty in the file or not base64. */
export function credentialsOf(
  context: Context,
): { ca?: string; crt?: string; key?: string } {
  const pem = (text: string) => {
    const bytes = parseBase64(text);
    return bytes === undefined || bytes.length === 0
      ? undefined
      : new TextDecoder().decode(bytes);
  };
  return Object.fromEntries(
    (["ca", "crt", "key"] as const)
      .map((name) => [name, pem(context[name])] as const)
      .filter(([, text]) => text !== undefined),
  );
}

/** Where the file may be said to be. */
export interface TalosconfigSources {
  /** `--talosconfig` */
  readonly flag?: string | undefined;
  readonly env: (name: string) => string | undefined;
}

/**
 * The file: flag, then TALOSCONFIG, then `$XDG_CONFIG_HOME/talos/config.yaml`
 * if that variable is defined, else `$HOME/.talos/config`.
 */
export function talosconfigPath({ flag, env }: TalosconfigSources): string {
  if (flag) return flag;
  const named = env("TALOSCONFIG");
  if (named) return named;
  const xdg = env("XDG_CONFIG_HOME");
  if (xdg) return `${xdg}/talos/config.yaml`;
  return `${env("HOME") || "."}/.talos/config`;
}

/** The context of that name, or the current one. */
export function chooseContext(
  config: Talosconfig,
  name?: string,
): Context | undefined {
  const wanted = name || config.context;
  return Object.hasOwn(config.contexts, wanted)
    ? config.contexts[wanted]
    : undefined;
}

/** Why {@linkcode chooseContext} found none, and what to do. */
export function missingContextText(config: Talosconfig, name?: string): string {
  const names = Object.keys(config.contexts);
  const wanted = name || config.context;
  const known = names.length === 0
    ? "there are none; add one with talosctl config merge"
    : `known contexts: ${names.join(", ")}`;
  return wanted === ""
    ? `No current context: ${known}`
    : `No context ${quote(wanted)}: ${known}`;
}
