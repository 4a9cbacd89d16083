/**
 * Which node each alias means, and what the document would weigh with all of
 * them expanded. Linear: the weight of an anchor is computed once.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isPair,
  type Node,
} from "yaml";

/** Aliases may add at most this many nodes to a document. */
const MAX_ALIAS_NODES = 10_000;

/** Something wrong with an alias; `offset` points at it. */
export interface AliasProblem {
  readonly offset: number;
  readonly message: string;
}

/** Targets by alias, or problems. */
export interface Aliases {
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly problems: readonly AliasProblem[];
  /** Too much to expand: the document must not be read. */
  readonly bomb: boolean;
}

interface Anchor {
  readonly node: Node;
  /** Undefined while its own content is being read. */
  weight?: number;
}

/** Resolves all aliases of `document`, which is at most LIMITS.depth deep. */
export function resolveAliases(document: Document.Parsed): Aliases {
  const anchors = new Map<string, Anchor>();
  const targets = new Map<Alias, Node>();
  const problems: AliasProblem[] = [];
  let added = 0;

  const weighAlias = (alias: Alias): number => {
    const offset = alias.range?.[0] ?? 0;
    const anchor = anchors.get(alias.source);
    if (anchor === undefined) {
      problems.push({ offset, message: "alias without an anchor before it" });
      return 1;
    }
    if (anchor.weight === undefined) {
      problems.push({ offset, message: "alias within its own anchor" });
      return 1;
    }
    targets.set(alias, anchor.node);
    added += anchor.weight;
    if (added > MAX_ALIAS_NODES && added - anchor.weight <= MAX_ALIAS_NODES) {
      problems.push({
        offset,
        message: `aliases expand to more than ${MAX_ALIAS_NODES} values`,
      });
    }
    return anchor.weight;
  };

  const weigh = (node: unknown): number => {
    if (isAlias(node)) return weighAlias(node);
    if (isPair(node)) return weigh(node.key) + weigh(node.value);
    if (node === null || typeof node !== "object") return 0;
    const name = (node as { anchor?: string }).anchor;
    const anchor: Anchor = { node: node as Node };
    if (name !== undefined) anchors.set(name, anchor);
    let weight = 1;
    if (isCollection(node)) {
      for (const item of node.items) weight += weigh(item);
    }
    anchor.weight = weight;
    return weight;
  };

  weigh(document.contents);
  return { targets, problems, bomb: added > MAX_ALIAS_NODES };
}
