/** The slice of a config that a daemon's manifest names. */
import type { Schema } from "./schema.ts";
import { type EffectiveConfig, MACHINE_CONFIG } from "./v1alpha1/types.ts";

type Plain = { readonly [key: string]: unknown };

/** A config of which any part may be missing. */
export type DeepPartial<T> = T extends readonly unknown[] ? T
  : T extends object ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
  : T;

/** What a worker is given: the shape of the whole, only with its paths. */
export type ConfigSlice = DeepPartial<EffectiveConfig>;

function put(into: Record<string, unknown>, keys: string[], value: unknown) {
  let at = into;
  for (const key of keys.slice(0, -1)) {
    at[key] = { ...at[key] as Plain | undefined };
    at = at[key] as Record<string, unknown>;
  }
  at[keys.at(-1)!] = value;
}

/** The value at `path` (`machine.time`), undefined when it is absent. */
export function valueAt(config: unknown, path: string): unknown {
  let value = config;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.hasOwn(value, key) ? (value as Plain)[key] : undefined;
  }
  return value;
}

/**
 * The parts of `config` at `paths`, in the shape of the whole. Absent ones are
 * left out. The shorter of two paths that overlap wins.
 */
export function select<T extends object>(
  config: T,
  paths: readonly string[],
): DeepPartial<T> {
  const result: Record<string, unknown> = {};
  // Longer ones first: a path that contains another replaces it.
  const ordered = [...paths].sort((a, b) => b.length - a.length);
  for (const path of ordered) {
    const value = valueAt(config, path);
    if (value !== undefined) put(result, path.split("."), value);
  }
  return result as DeepPartial<T>;
}

/** Whether the schema knows `path`; for a test of every manifest. */
export function isConfigPath(path: string): boolean {
  let schema: Schema | undefined = MACHINE_CONFIG;
  for (const key of path.split(".")) {
    if (schema?.kind === "map") schema = schema.value;
    else if (schema?.kind !== "object") return false;
    else if (!Object.hasOwn(schema.fields, key)) return false;
    else schema = schema.fields[key];
  }
  return schema !== undefined;
}
