/** `talosctl containers`. Pure. */
import type { Container } from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";
import { byPod, placed } from "./pods.ts";
import { withHeader } from "./table.ts";

/** One row per container, those of a pod below it. */
export function renderContainers(
  answers: readonly Answer<Container>[],
): string {
  const rows = answers.flatMap(({ node, message }) =>
    byPod(message.containers).map((container) => [
      node,
      container.namespace,
      placed(container),
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
