/**
 * health.Health of a daemon: alive when it answers, ready when it says so.
 * routerd does not map this service, so only the node itself can ask; that is
 * why it takes no role.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type Health,
  HealthCheck_ServingStatus,
  type HealthCheckResponseSchema,
  ReadyCheck_ReadyStatus,
} from "#proto/health_pb.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { ServiceHandlers } from "./call.ts";

/** What the daemon knows about itself. */
export interface HealthState {
  ready(): boolean;
  /** Alive but not well is NOT_SERVING. */
  serving(): boolean;
}

/** A watch that asks for less than this gets this. */
const WATCH_MIN_MS = 1_000;
const WATCH_MAX_MS = 3_600_000;

/** Handlers of health.Health. */
export function healthHandlers(
  state: HealthState,
  clock: Clock = systemClock,
): ServiceHandlers<typeof Health> {
  const check = (): MessageInitShape<typeof HealthCheckResponseSchema> => ({
    messages: [{
      status: state.serving()
        ? HealthCheck_ServingStatus.SERVING
        : HealthCheck_ServingStatus.NOT_SERVING,
    }],
  });
  return {
    check,
    ready: () => ({
      messages: [{
        status: state.ready()
          ? ReadyCheck_ReadyStatus.READY
          : ReadyCheck_ReadyStatus.NOT_READY,
      }],
    }),
    async *watch(request, call) {
      const wantedMs = Number(request.intervalSeconds) * 1000;
      const everyMs = Math.min(Math.max(wantedMs, WATCH_MIN_MS), WATCH_MAX_MS);
      while (!call.signal.aborted) {
        yield check();
        await clock.sleep(everyMs, call.signal).catch(() => {});
      }
    },
  };
}
