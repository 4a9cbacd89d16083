/**
 * A daemon's server on its unix socket: its services behind the role check,
 * and health.Health for machined, which takes no role.
 */
import { Health } from "#proto/health_pb.ts";
import type { Logger } from "../log.ts";
import type { ServerCall } from "./call.ts";
import { healthHandlers, type HealthState } from "./health.ts";
import { authorize, ROLE_METADATA, rolesOfMetadata } from "./roles.ts";
import { bind, type BoundService, serve, type Server } from "./server.ts";

/** Refuses a call whose `talos-role` does not reach; Health is for all. */
export function authorizeByRole(call: ServerCall): void {
  if (call.path.startsWith(`/${Health.typeName}/`)) return;
  authorize(call.path, rolesOfMetadata(call.metadata(ROLE_METADATA)));
}

/** Serves until `signal` aborts. */
export function serveDaemon(options: {
  readonly socket: string;
  readonly services: readonly BoundService[];
  readonly health: HealthState;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<Server> {
  const { socket, services, health, log, signal } = options;
  return serve({
    listen: { socket },
    services: [...services, bind(Health, healthHandlers(health))],
    authorize: authorizeByRole,
    log,
    signal,
  });
}
