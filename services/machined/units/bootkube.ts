/**
 * The service that makes a cluster of control planes, under the name that the
 * seed era and its health checks know: it is finished when everything that the
 * cluster starts with is there. Afterwards the keeper keeps it so.
 */
import type { Clock } from "#lib/clock.ts";
import { chainOf } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import type { ControlPlaneKeeper } from "../kubernetes/keeper.ts";
import { FunctionRunner } from "../supervisor/runner_function.ts";
import type { ServiceSpec } from "../supervisor/service.ts";

/** What {@linkcode bootkubeSpec} works with. */
export interface BootkubeOptions {
  readonly keeper: Pick<ControlPlaneKeeper, "settle">;
  /** Whether it was finished once: what changes since is the keeper's. */
  readonly isDone: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when it is finished. */
  readonly onDone: () => void;
}

const RETRY_MS = 2_000;

async function untilSettled(
  { keeper, isDone, clock, log }: BootkubeOptions,
  signal: AbortSignal,
): Promise<void> {
  // Two passes at once would undo each other's changes.
  if (isDone()) return;
  for (let said = "";;) {
    try {
      return await keeper.settle(signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const what = chainOf(thrown);
      if (what !== said) log.info(`bootkube: ${what}`);
      said = what;
    }
    await clock.sleep(RETRY_MS, signal);
  }
}

/** It as a service. */
export function bootkubeSpec(options: BootkubeOptions): ServiceSpec {
  return {
    id: "bootkube",
    needs: ["etcd", "kubelet"],
    runner: () =>
      new FunctionRunner({
        name: "bootkube",
        start: () => {
          const stop = new AbortController();
          const stopped = untilSettled(options, stop.signal).then(
            options.onDone,
            (thrown) => {
              if (!stop.signal.aborted) throw thrown;
            },
          );
          return Promise.resolve({
            stop: async () => {
              stop.abort(new Error("bootkube stopped"));
              await stopped.catch(() => {});
            },
            stopped,
          });
        },
      }),
  };
}
