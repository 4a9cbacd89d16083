/** `talosctl interfaces` and `talosctl routes`. Pure. */
import type { Interfaces, Routes } from "#proto/network_pb.ts";
import type { Answer } from "../client/answers.ts";
import { withHeader } from "./table.ts";

/** One row per address; an interface without one has one row. */
export function renderInterfaces(
  answers: readonly Answer<Interfaces>[],
): string {
  const rows = answers.flatMap(({ node, message }) =>
    message.interfaces.flatMap((link) =>
      (link.ipaddress.length > 0 ? link.ipaddress : [""]).map((address) => [
        node,
        String(link.index),
        link.name,
        link.hardwareaddr,
        String(link.mtu),
        address,
      ])
    )
  );
  return withHeader(
    ["NODE", "INDEX", "NAME", "MAC", "MTU", "ADDRESS"],
    rows,
  );
}

/** One row per route. */
export function renderRoutes(answers: readonly Answer<Routes>[]): string {
  const rows = answers.flatMap(({ node, message }) =>
    message.routes.map((route) => [
      node,
      route.interface,
      route.destination,
      route.gateway,
      String(route.metric),
    ])
  );
  return withHeader(
    ["NODE", "INTERFACE", "DESTINATION", "GATEWAY", "METRIC"],
    rows,
  );
}
