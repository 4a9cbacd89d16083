/** `talosctl config contexts`. Pure. */
import type { Talosconfig } from "#lib/config/talosconfig.ts";
import { withHeader } from "./table.ts";

const NODES_SHOWN = 3;

/** One row per context by name, the current one starred. */
export function renderContexts(
  { contexts }: Talosconfig,
  current: string,
): string {
  const names = Object.keys(contexts).sort();
  const rows = names.map((name) => {
    const { endpoints, nodes } = contexts[name]!;
    const shown = nodes.slice(0, NODES_SHOWN).join(",");
    return [
      name === current ? "*" : "",
      name,
      endpoints.join(","),
      nodes.length > NODES_SHOWN ? `${shown}...` : shown,
    ];
  });
  return withHeader(["CURRENT", "NAME", "ENDPOINTS", "NODES"], rows);
}
