/** `talosctl containers`. Pure. */
import type { Container } from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";
import { withHeader } from "./table.ts";

/** One row per container, those of a pod below it. */
export function renderContainers(
  answers: readonly Answer<Container>[],
): string {
  const rows = answers.flatMap(({ node, message }) =>
    message.containers
      .toSorted((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
      .map((container) => [
        node,
        container.namespace,
        container.id === container.podId ? container.id : `└─ ${container.id}`,
        container.image,
        String(container.pid),
        container.status,
      ])
  );
  return withHeader(
    ["NODE", "NAMESPACE", "ID", "IMAGE", "PID", "STATUS"],
    rows,
  );
}
