/**
 * From a YAML node to the value that a schema describes: wrong types, unknown
 * and repeated keys are all collected, each with its place, and whatever is
 * sound is returned, so that one run shows everything. Nothing is thrown.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { EXPECTED, type LeafSchema, readLeaf } from "./leaf.ts";
import { nearest } from "./nearest.ts";
import { type Place, type Problem, quote, show } from "./problem.ts";
import {
  childPath,
  type ListSchema,
  type MapSchema,
  type ObjectSchema,
  type Schema,
} from "./schema.ts";
import { resolveAliases } from "./yaml/aliases.ts";
import { isNullText } from "./yaml/scalars.ts";
import type { Source } from "./yaml/source.ts";

/** How one document is decoded. */
export interface DecodeOptions {
  /** What an unknown key is; a problem unless it says `ignore`. */
  readonly unknownKeys?: "refuse" | "ignore";
  /** The whole schema, for the place where a misplaced key belongs. */
  readonly root?: Schema;
}

/** What {@linkcode decodeNode} found. */
export interface DecodedNode {
  /** Undefined when there is nothing sound. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Paths whose values were refused: absent from the value, not from the file. */
  readonly unsound: ReadonlySet<string>;
  /** Where each key was, by path. */
  readonly places: ReadonlyMap<string, Place>;
}

/** `a map`, `the string "x"`: what a node is, without secrets. */
function describeNode(node: unknown, secret: boolean): string {
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (!isScalar(node)) return "nothing";
  const text = String(node.value);
  if (node.type === Scalar.PLAIN && isNullText(text)) return "nothing";
  if (secret) return "another value";
  return node.type === Scalar.PLAIN || /^$|\s/.test(text)
    ? show(text)
    : `the string ${show(text)}`;
}

class Decoder {
  readonly problems: Problem[] = [];
  readonly places = new Map<string, Place>();
  readonly #unsound = new Set<string>();
  readonly #place: Source["place"];
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #options: DecodeOptions;
  /** The document has syntax errors, which are reported elsewhere. */
  readonly #broken: boolean;

  constructor(
    place: Source["place"],
    targets: ReadonlyMap<Alias, Node>,
    options: DecodeOptions & { readonly broken: boolean },
  ) {
    this.#broken = options.broken;
    this.#place = place;
    this.#targets = targets;
    this.#options = options;
  }

  /** Paths whose values were refused. */
  get unsound(): ReadonlySet<string> {
    return this.#unsound;
  }

  /** The value of `node` at `path`; undefined when absent or unsound. */
  read(schema: Schema, found: unknown, path: string): unknown {
    const node = isAlias(found) ? this.#targets.get(found) : found;
    if (
      node === null || node === undefined ||
      isScalar(node) && node.type === Scalar.PLAIN &&
        isNullText(String(node.value))
    ) return undefined;
    const at = offsetOf(found);
    const { tag } = node as Node;
    if (tag !== undefined && !TAGS.test(tag)) {
      return this.#refuse({ path, at }, "unknown tag");
    }
    switch (schema.kind) {
      case "object":
        return isMap(node)
          ? this.#object(schema, node, path)
          : this.#wrong("a map", node, { schema, path, at });
      case "map":
        return isMap(node)
          ? this.#map(schema, node, path)
          : this.#wrong("a map", node, { schema, path, at });
      case "list":
        if (!isSeq(node)) {
          return this.#wrong("a list", node, { schema, path, at });
        }
        return this.#list(schema, node, path);
      default:
        return this.#leaf(schema, node, { path, at });
    }
  }

  /** All of the items or nothing, so that indices stay those of the file. */
  #list(schema: ListSchema, node: YAMLSeq, path: string): unknown {
    const values: unknown[] = [];
    for (const [index, item] of node.items.entries()) {
      const itemPath = childPath(path, index);
      this.#mark(itemPath, item);
      const value = this.read(schema.item, item, itemPath);
      if (value !== undefined) values.push(value);
      else if (!this.#unsound.has(itemPath)) {
        this.#wrong(EXPECTED[schema.item.kind], item, {
          schema: schema.item,
          path: itemPath,
          at: offsetOf(item),
        });
      }
    }
    if (values.length === node.items.length) return values;
    this.#unsound.add(path);
    return undefined;
  }

  #leaf(
    schema: LeafSchema,
    node: unknown,
    where: { path: string; at: number },
  ): unknown {
    const context = { schema, ...where };
    if (!isScalar(node)) {
      return this.#wrong(EXPECTED[schema.kind], node, context);
    }
    const read = readLeaf(schema, String(node.value), {
      plain: node.type === Scalar.PLAIN,
    });
    if (read.expected !== undefined) {
      return this.#wrong(read.expected, node, context);
    }
    if (read.message !== undefined) return this.#refuse(where, read.message);
    return read.value;
  }

  #object(schema: ObjectSchema, node: YAMLMap, path: string): unknown {
    const result: Record<string, unknown> = {};
    for (const [key, pair] of this.#entries(node, path)) {
      const field = Object.hasOwn(schema.fields, key)
        ? schema.fields[key]
        : undefined;
      if (field === undefined) {
        this.#unknown(schema, key, { node: pair.key, path });
        continue;
      }
      const fieldPath = childPath(path, key);
      this.#mark(fieldPath, pair.key);
      const value = this.read(field, pair.value, fieldPath);
      if (value !== undefined) result[key] = value;
    }
    return result;
  }

  #map(schema: MapSchema, node: YAMLMap, path: string): unknown {
    const result: Record<string, unknown> = {};
    for (const [key, pair] of this.#entries(node, path)) {
      const valuePath = childPath(path, key);
      this.#mark(valuePath, pair.key);
      if (key === "__proto__") {
        this.#report(
          { path: valuePath, at: offsetOf(pair.key) },
          "this key is not allowed",
        );
        continue;
      }
      let value = this.read(schema.value, pair.value, valuePath);
      // An empty value of a flag or a variable is a value.
      if (value === undefined && schema.value.kind === "string") value = "";
      if (value !== undefined) result[key] = value;
    }
    return result;
  }

  /** The entries with their keys as text; merged ones after the own. */
  #entries(node: YAMLMap, path: string): Map<string, Pair> {
    const entries = new Map<string, Pair>();
    const merged: unknown[] = [];
    for (const pair of node.items as Pair[]) {
      const at = offsetOf(pair.key);
      if (!isScalar(pair.key)) {
        this.#report({ path, at }, "a key must be a word");
        continue;
      }
      const key = String(pair.key.value);
      // A line without its colon was taken for the beginning of the next key.
      if (this.#broken && (pair.value === null || /\s/.test(key))) continue;
      if (key === "<<" && pair.key.type === Scalar.PLAIN) {
        merged.push(pair.value);
      } else if (entries.has(key)) {
        const first = this.#place(offsetOf(entries.get(key)!.key));
        this.#report(
          { path, at },
          `duplicate key ${quote(key)}, first on line ${first.line}`,
        );
      } else entries.set(key, pair);
    }
    for (const value of merged) this.#merge(value, entries, path);
    return entries;
  }

  /** `<<: *defaults` and `<<: [*a, *b]`: what is there already wins. */
  #merge(value: unknown, entries: Map<string, Pair>, path: string): void {
    const node = isAlias(value) ? this.#targets.get(value) : value;
    const maps = isSeq(node) ? node.items : [node];
    for (const item of maps) {
      const map = isAlias(item) ? this.#targets.get(item) : item;
      if (!isMap(map)) {
        this.#report(
          { path, at: offsetOf(value) },
          "a merge key needs a map or a list of maps",
        );
        continue;
      }
      for (const [key, pair] of this.#entries(map, path)) {
        if (!entries.has(key)) entries.set(key, pair);
      }
    }
  }

  #unknown(
    schema: ObjectSchema,
    key: string,
    where: { node: unknown; path: string },
  ): void {
    if (this.#options.unknownKeys === "ignore") return;
    const known = Object.keys(schema.fields);
    const near = nearest(key, known);
    // What the parser made a key to go on may be a value: a secret.
    if (this.#broken && near === undefined) return;
    const meant = near !== undefined
      ? [near]
      : this.#options.root
      ? homesOf(this.#options.root, key)
      : [];
    const hint = meant.length === 0 || meant.length > MAX_MEANT
      ? `known keys: ${known.join(", ")}`
      : `did you mean ${meant.map(quote).join(" or ")}?`;
    this.#report(
      { path: where.path, at: offsetOf(where.node) },
      `unknown key ${quote(key)}; ${hint}`,
    );
  }

  #wrong(
    expected: string,
    node: unknown,
    where: { schema: Schema; path: string; at: number },
  ): undefined {
    const got = describeNode(node, holdsSecret(where.schema));
    return this.#refuse(where, `expected ${expected}, got ${got}`);
  }

  /** Reports that there is no sound value at a path. */
  #refuse(where: { path: string; at: number }, message: string): undefined {
    this.#unsound.add(where.path);
    this.#report(where, message);
    return undefined;
  }

  #report(where: { path: string; at: number }, message: string): void {
    this.problems.push({
      path: where.path,
      ...this.#place(where.at),
      message,
    });
  }

  #mark(path: string, node: unknown): void {
    const at = offsetOf(node);
    if (at >= 0) this.places.set(path, this.#place(at));
  }
}

/** Whether a value of `schema` may be, or contain, a secret. */
function holdsSecret(schema: Schema): boolean {
  return schema.secret === true ||
    schema.kind === "list" && holdsSecret(schema.item) ||
    schema.kind === "map" && holdsSecret(schema.value) ||
    schema.kind === "object" && Object.values(schema.fields).some(holdsSecret);
}

/** Tags that say what the schema knows anyway. */
const TAGS = /^(!|tag:yaml\.org,2002:(str|bool|int|float|null|map|seq))$/;

function offsetOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? -1;
}

/** A key that is known in more places is explained by none of them. */
const MAX_MEANT = 3;

/** The paths at which `key` is known. */
function homesOf(root: Schema, key: string): string[] {
  const homes: string[] = [];
  const visit = (schema: Schema, path: string) => {
    if (schema.kind === "list") return visit(schema.item, `${path}[]`);
    if (schema.kind !== "object") return;
    for (const [name, field] of Object.entries(schema.fields)) {
      const fieldPath = childPath(path, name);
      if (name === key) homes.push(fieldPath);
      visit(field, fieldPath);
    }
  };
  visit(root, "");
  return homes;
}

/** Decodes one document, or one `node` of it. */
export function decodeNode(
  schema: Schema,
  document: Document.Parsed,
  options: DecodeOptions & {
    readonly place: Source["place"];
    readonly node?: unknown;
  },
): DecodedNode {
  const { targets, problems, bomb } = resolveAliases(document);
  const decoder = new Decoder(options.place, targets, {
    root: schema,
    ...options,
    broken: document.errors.length > 0,
  });
  const value = bomb
    ? undefined
    : decoder.read(schema, options.node ?? document.contents, "");
  return {
    value,
    problems: [
      ...problems.map(({ offset, message }) => ({
        path: "",
        ...options.place(offset),
        message,
      })),
      ...decoder.problems,
    ],
    unsound: decoder.unsound,
    places: decoder.places,
  };
}
