/** `talosctl time`. Pure. */
import type { Time } from "#proto/time_pb.ts";
import type { Answer } from "../client/answers.ts";
import { withHeader } from "./table.ts";
import { formatGoTime } from "./time.ts";

/** One row per node. */
export function renderTime(answers: readonly Answer<Time>[]): string {
  return withHeader(
    ["NODE", "NTP-SERVER", "NODE-TIME", "NTP-SERVER-TIME"],
    answers.map(({ node, message }) => [
      node,
      message.server,
      formatGoTime(message.localtime),
      formatGoTime(message.remotetime),
    ]),
  );
}
