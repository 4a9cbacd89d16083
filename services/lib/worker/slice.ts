/**
 * The part of a machine config that a daemon is given: exactly the paths that
 * its manifest names, in the shape of the whole. Pure.
 */

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Picks `paths` (`machine.time`, `cluster.token`) out of `config`; `*` names
 * everything. Keys are copied, values are shared with `config`.
 */
export function sliceConfig(
  config: unknown,
  paths: readonly string[],
): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const path of paths) {
    if (path === "*" && isTree(config)) return { ...config };
    pick(config, picked, path.split("."));
  }
  return picked;
}

function pick(
  from: unknown,
  into: Record<string, unknown>,
  [key, ...rest]: readonly string[],
): void {
  if (key === undefined || !isTree(from) || !Object.hasOwn(from, key)) return;
  if (rest.length === 0) {
    into[key] = from[key];
    return;
  }
  const below = isTree(into[key]) ? { ...into[key] } : {};
  pick(from[key], below, rest);
  if (Object.keys(below).length > 0) into[key] = below;
}
