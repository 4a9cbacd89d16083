/**
 * Keeps new pods from a node, and lets them come again. A node that somebody
 * else cordoned stays so: the annotation says that it was us.
 */
import type { KubeClient } from "./client.ts";
import { RESOURCES } from "./resources.ts";

/** Of the seed era. */
const CORDONED = "talos.dev/cordoned";

/** Whether anything was changed. */
export async function cordon(
  client: KubeClient,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const node = await client.get(RESOURCES.nodes, { name }, signal);
  if (node.spec?.unschedulable) return false;
  const { resourceVersion } = node.metadata;
  const change = {
    // Another's cordon in between is a conflict, not ours to undo later.
    metadata: { resourceVersion, annotations: { [CORDONED]: "true" } },
    spec: { unschedulable: true },
  };
  await client.patch(RESOURCES.nodes, { name, change }, signal);
  return true;
}

/** Undoes {@linkcode cordon}; with `force` anybody's. Whether it did. */
export async function uncordon(
  client: KubeClient,
  { name, force = false }: { readonly name: string; readonly force?: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const { metadata, spec } = await client.get(
    RESOURCES.nodes,
    { name },
    signal,
  );
  const ours = metadata.annotations?.[CORDONED] !== undefined;
  if (!ours && !(force && spec?.unschedulable)) return false;
  const { resourceVersion } = metadata;
  const change = {
    metadata: { resourceVersion, annotations: { [CORDONED]: null } },
    spec: { unschedulable: null },
  };
  await client.patch(RESOURCES.nodes, { name, change }, signal);
  return true;
}
