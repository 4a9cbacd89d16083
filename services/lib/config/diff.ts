/** What changes between two configs, and whom it concerns. */
import { childPath } from "./schema.ts";

type Plain = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}

/**
 * The paths whose values differ, as deep as maps go; a list that differs is
 * one path. Compare effective configs: writing a default out is no change.
 */
export function diff(before: unknown, after: unknown, path = ""): string[] {
  if (isEqual(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [path];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.sort().flatMap((key) =>
    diff(before[key], after[key], childPath(path, key))
  );
}

/** Somebody who reads the config: a manifest, a unit. */
export interface ConfigReader {
  readonly name: string;
  /** Paths of the config, for instance `machine.time`. */
  readonly config: readonly string[];
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer ||
    inner.startsWith(outer) && /^[.[]/.test(inner.slice(outer.length));
}

/** The readers that any of the changed `paths` concerns, in their order. */
export function affected(
  paths: readonly string[],
  readers: readonly ConfigReader[],
): string[] {
  return readers
    .filter(({ config }) =>
      config.some((read) =>
        paths.some((path) => isWithin(path, read) || isWithin(read, path))
      )
    )
    .map(({ name }) => name);
}

/** Changes of who the node is: only a new node can have them. */
const IDENTITY = [
  "machine.type",
  "machine.ca",
  "cluster.ca",
  "cluster.etcd.ca",
  "cluster.clusterName",
] as const;

/** What applying a config to a running node means. */
export interface ApplyPlan {
  /** Paths that differ. */
  readonly changes: readonly string[];
  /** Readers to restart, or to give the new config. */
  readonly affected: readonly string[];
  /** Changed paths that need a reboot; in container mode a new node. */
  readonly reboot: readonly string[];
}

/** The plan from one effective config to another. */
export function planApply(
  before: unknown,
  after: unknown,
  readers: readonly ConfigReader[],
): ApplyPlan {
  const changes = diff(before, after);
  return {
    changes,
    affected: affected(changes, readers),
    reboot: changes.filter((path) =>
      IDENTITY.some((fixed) => isWithin(path, fixed))
    ),
  };
}
