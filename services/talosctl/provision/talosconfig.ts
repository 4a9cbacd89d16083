/** The context of a local cluster in the user's talosconfig. */
import {
  type Context as TalosContext,
  loadTalosconfig,
  mergeTalosconfig,
  saveTalosconfig,
  type Talosconfig,
  talosconfigPath,
} from "#lib/config/mod.ts";
import type { Context } from "../cli/context.ts";
import type { ClusterRecord } from "./provision.ts";

/** Where a context was put. */
export type Merged = NonNullable<ClusterRecord["talosconfig"]>;

/** Adds the context as current; one of the same name stays, ours is renamed. */
export async function mergeContext(
  { edge, globals }: Context,
  added: { readonly name: string; readonly context: TalosContext },
): Promise<Merged> {
  const path = talosconfigPath({ flag: globals.talosconfig, env: edge.env });
  const before = await loadTalosconfig(path);
  const { config } = mergeTalosconfig(before, {
    context: added.name,
    contexts: { [added.name]: added.context },
  });
  await saveTalosconfig(path, config);
  return { path, context: config.context, ca: added.context.ca };
}

/** The talosconfig without our context, if it is still ours. Pure. */
export function withoutContext(
  config: Talosconfig,
  { context, ca }: Merged,
): Talosconfig {
  const { [context]: ours, ...contexts } = config.contexts;
  if (ours === undefined || ours.ca !== ca) return config;
  const [first = ""] = Object.keys(contexts);
  return {
    context: config.context === context ? first : config.context,
    contexts,
  };
}

/** Removes the context that {@linkcode mergeContext} added. */
export async function dropContext(merged: Merged): Promise<void> {
  const before = await loadTalosconfig(merged.path);
  const after = withoutContext(before, merged);
  if (after !== before) await saveTalosconfig(merged.path, after);
}
