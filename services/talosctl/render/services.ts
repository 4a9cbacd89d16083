/** `talosctl service`. Pure: the time is an argument. */
import type {
  ServiceHealth,
  ServiceInfo,
  ServiceList,
} from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";
import { formatTable, withHeader } from "./table.ts";
import { formatAgo } from "./time.ts";

function healthText(health: ServiceHealth | undefined): string {
  if (!health || health.unknown) return "?";
  return health.healthy ? "OK" : "Fail";
}

/** One row per service and node. */
export function renderServiceList(
  answers: readonly Answer<ServiceList>[],
  nowMs: number,
): string {
  const rows = answers.flatMap(({ node, message }) =>
    message.services.map((service) => {
      const last = service.events?.events.at(-1);
      return [
        node,
        service.id,
        service.state,
        healthText(service.health),
        formatAgo(last?.ts, nowMs),
        last?.msg ?? "",
      ];
    })
  );
  return withHeader([
    "NODE",
    "SERVICE",
    "STATE",
    "HEALTH",
    "LAST CHANGE",
    "LAST EVENT",
  ], rows);
}

/** Everything about one service, a block per node, newest event first. */
export function renderService(
  services: readonly Answer<ServiceInfo>[],
  nowMs: number,
): string {
  return services.map(({ node, message: service }) => {
    const events = (service.events?.events ?? []).toReversed().map((event) =>
      `[${event.state}]: ${event.msg} (${formatAgo(event.ts, nowMs)})`
    );
    const lastMessage = service.health?.lastMessage ?? "";
    return formatTable([
      ["NODE", node],
      ["ID", service.id],
      ["STATE", service.state],
      ["HEALTH", healthText(service.health)],
      ...lastMessage ? [["LAST HEALTH MESSAGE", lastMessage]] : [],
      ...events.map((event, at) => [at === 0 ? "EVENTS" : "", event]),
    ]);
  }).join("");
}

/** What nodes said to a start, stop or restart. */
export function renderServiceAction(
  answers: readonly Answer<{ resp: string }>[],
): string {
  return withHeader(
    ["NODE", "RESPONSE"],
    answers.map(({ node, message }) => [node, message.resp]),
  );
}
