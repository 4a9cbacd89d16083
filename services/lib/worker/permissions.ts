/**
 * A manifest's permissions in the forms that Deno takes: options of a Worker
 * and flags of a process. Pure. What is absent is refused.
 */
import type { Permissions } from "./manifest.ts";

/** Every kind of permission, in the order of the matrix. */
export const PERMISSION_KINDS = [
  "read",
  "write",
  "net",
  "env",
  "run",
  "ffi",
  "sys",
] as const;
export type PermissionKind = (typeof PERMISSION_KINDS)[number];

/** For `new Worker(url, { deno: { permissions } })`: every kind is said. */
export function workerPermissions(
  permissions: Permissions,
): Deno.PermissionOptionsObject {
  const options: Record<string, boolean | string[]> = { import: false };
  for (const kind of PERMISSION_KINDS) {
    const granted = permissions[kind];
    options[kind] = granted === true
      ? true
      : granted === undefined || granted.length === 0
      ? false
      : [...granted];
  }
  return options as Deno.PermissionOptionsObject;
}

/** Deno does not see that `10.0.0.0/8:123` is a part of itself. */
function isRange(name: string): boolean {
  return /^[\da-f.:[\]]+\/\d+(:|$)/i.test(name);
}

/**
 * What all of `list` may do together: the permissions of their host. A worker
 * that may reach a range of addresses needs a host that may reach all.
 */
export function unionPermissions(list: readonly Permissions[]): Permissions {
  const union: Record<string, true | string[]> = {};
  for (const kind of PERMISSION_KINDS) {
    const all = list.map((permissions) => permissions[kind] ?? []);
    const names = new Set(
      all.flatMap((granted) => granted === true ? [] : granted),
    );
    const range = kind === "net" && [...names].some(isRange);
    if (all.includes(true) || range) union[kind] = true;
    else if (names.size > 0) union[kind] = [...names].sort();
  }
  return union;
}

/** `--allow-net=a,b --allow-ffi`: a comma in a name is doubled, as Deno reads it. */
export function permissionFlags(permissions: Permissions): string[] {
  return PERMISSION_KINDS.flatMap((kind) => {
    const granted = permissions[kind];
    if (granted === true) return [`--allow-${kind}`];
    if (granted === undefined || granted.length === 0) return [];
    const names = granted.map((name) => name.replaceAll(",", ",,"));
    return [`--allow-${kind}=${names.join(",")}`];
  });
}
