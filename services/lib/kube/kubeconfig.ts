/**
 * The kubeconfig of a user: what a node gave is added to it and taken away
 * again, text in, text out. The file is changed as a tree, so that whatever
 * else is in it stays, comments and unknown keys too.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  visit,
  YAMLSeq,
} from "yaml";
import { ConfigError, type Place } from "../config/problem.ts";
import { readSource } from "../config/yaml/source.ts";
import { freeName, type Rename } from "../free_name.ts";
import type { ClusterAccess } from "./cluster_access.ts";

/** A cluster and its credentials take some 5 KB and 60 tokens. */
export const KUBECONFIG_LIMITS = {
  bytes: 4 << 20,
  depth: 64,
  tokens: 200_000,
  documents: 1,
};

/** Where a merge has put things, as needed to take them away again. */
export interface KubeconfigEntry {
  readonly context: string;
  readonly cluster: string;
  readonly user: string;
  /** The CA as the file has it: tells ours from another of that name. */
  readonly ca: string;
}

/** Lists of the file, and what an item of each is. */
const SECTIONS = {
  clusters: "cluster",
  users: "user",
  contexts: "context",
} as const;
type Section = keyof typeof SECTIONS;

/** An entry that got another name. */
export interface KubeconfigRename extends Rename {
  readonly what: (typeof SECTIONS)[Section];
}

const EMPTY = "apiVersion: v1\nkind: Config\n";
const CURRENT = "current-context";
const CA = "certificate-authority-data";

/** One file as a tree. */
class Kubeconfig {
  readonly #document: Document;
  readonly #file: string;
  readonly #place: (offset: number) => Place;

  /** @throws {ConfigError} when it is no kubeconfig. */
  constructor(source: Uint8Array | string, file: string) {
    const options = { limits: KUBECONFIG_LIMITS, typed: true };
    let read = readSource(source, options);
    if (read.problems.length > 0) throw new ConfigError(file, read.problems);
    const first = read.documents[0];
    if (!first || first.contents === null || isEmpty(first.contents)) {
      read = readSource(EMPTY, options);
    }
    this.#document = read.documents[0]!;
    this.#file = file;
    this.#place = read.place;
    this.#check();
  }

  #check(): void {
    const { contents } = this.#document;
    if (!isMap(contents)) throw this.#problem(contents, "", "expected a map");
    // Whoever shares a node shares its changes.
    visit(this.#document, (_key, node) => {
      if (isAlias(node)) throw this.#problem(node, "", "it has aliases");
    });
    for (const section of Object.keys(SECTIONS) as Section[]) {
      const names = this.#items(section).map((item) => nameOf(item));
      const odd = names.findIndex((name) => name === undefined);
      if (odd < 0) continue;
      const item = this.#items(section)[odd];
      throw this.#problem(item, `${section}[${odd}]`, "expected a name");
    }
  }

  #problem(node: unknown, path: string, message: string): ConfigError {
    const at = (node as { range?: [number] } | null)?.range?.[0] ?? -1;
    const problem = { path, ...this.#place(at), message };
    return new ConfigError(this.#file, [problem]);
  }

  #items(section: Section): unknown[] {
    const list = this.#document.get(section, true);
    if (list === undefined || isEmpty(list)) return [];
    if (isSeq(list)) return list.items;
    throw this.#problem(list, section, "expected a list");
  }

  names(section: Section): Set<string> {
    return new Set(this.#items(section).map((item) => nameOf(item)!));
  }

  /** The text at `key` of what has that name. */
  value(section: Section, name: string, key: string): string | undefined {
    const item = this.#items(section).find((one) => nameOf(one) === name);
    if (!isMap(item)) return undefined;
    const value = item.getIn([SECTIONS[section], key]);
    return typeof value === "string" ? value : undefined;
  }

  /** Adds an item, in the place of one of that name. */
  put(section: Section, name: string, value: object): void {
    const document = this.#document;
    const item = document.createNode({ name, [SECTIONS[section]]: value });
    const items = this.#items(section);
    const at = items.findIndex((one) => nameOf(one) === name);
    if (at >= 0) items[at] = item;
    else if (items.length > 0) items.push(item);
    else {
      const list = new YAMLSeq();
      list.items.push(item);
      document.set(section, list);
    }
  }

  remove(section: Section, name: string): void {
    const items = this.#items(section);
    const at = items.findIndex((one) => nameOf(one) === name);
    if (at >= 0) items.splice(at, 1);
  }

  get current(): unknown {
    return this.#document.get(CURRENT);
  }

  set current(name: string) {
    this.#document.set(CURRENT, name);
  }

  /** In the shape that kubectl writes. */
  text(): string {
    return this.#document.toString({ lineWidth: 0, indentSeq: false });
  }
}

/** A node of nothing: `null`, `[]`, `{}`. */
function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.value === null ||
    (isMap(node) || isSeq(node)) && node.items.length === 0;
}

function nameOf(item: unknown): string | undefined {
  const name = isMap(item) ? item.get("name") : undefined;
  return name === undefined || name === null || typeof name === "object"
    ? undefined
    : String(name);
}

/**
 * Adds `access` to the file `base` (undefined: a new one) as its current
 * context. Nothing that is there is lost: a name that is taken gets an index,
 * unless `force` says to overwrite.
 *
 * @throws {ConfigError} when `base` is no kubeconfig; `file` names it.
 */
export function mergeKubeconfig(
  base: Uint8Array | string | undefined,
  access: ClusterAccess,
  { file, force = false }: { readonly file: string; readonly force?: boolean },
): { text: string; entry: KubeconfigEntry; renames: KubeconfigRename[] } {
  const config = new Kubeconfig(base ?? EMPTY, file);
  const renames: KubeconfigRename[] = [];
  const nameIn = (section: Section, from: string) => {
    const to = force ? from : freeName(from, config.names(section));
    if (to !== from) renames.push({ what: SECTIONS[section], from, to });
    return to;
  };
  const cluster = nameIn("clusters", access.cluster);
  const user = nameIn("users", access.user);
  const context = nameIn("contexts", access.context);
  const { server, ca, crt, key, namespace } = access;
  config.put("clusters", cluster, { server, [CA]: ca });
  config.put("users", user, {
    "client-certificate-data": crt,
    "client-key-data": key,
  });
  config.put("contexts", context, {
    ...{ cluster, user },
    ...namespace !== undefined && { namespace },
  });
  config.current = context;
  const entry = { context, cluster, user, ca };
  return { text: config.text(), entry, renames };
}

/**
 * The file without what a merge added, undefined when that is gone or another
 * cluster's by now. Nothing else becomes current: whoever goes on typing must
 * not be in a cluster that they did not choose.
 *
 * @throws {ConfigError} when `base` is no kubeconfig; `file` names it.
 */
export function withoutEntry(
  base: Uint8Array | string,
  { context, cluster, user, ca }: KubeconfigEntry,
  { file }: { readonly file: string },
): string | undefined {
  const config = new Kubeconfig(base, file);
  if (config.value("clusters", cluster, CA) !== ca) return undefined;
  config.remove("clusters", cluster);
  if (config.value("contexts", context, "cluster") === cluster) {
    config.remove("contexts", context);
    config.remove("users", user);
    if (config.current === context) config.current = "";
  }
  return config.text();
}
