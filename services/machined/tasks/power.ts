/**
 * The end of a node. In a container it is the end of PID 1, once nothing else
 * is left to run.
 */
import type { Clock } from "#lib/clock.ts";
import type { EventPublisher } from "#lib/events.ts";
import type { Logger } from "#lib/log.ts";
import { isErrno } from "#lib/sys/errno.ts";
import { LINUX_REBOOT_CMD_POWER_OFF } from "#lib/sys/constants.ts";
import type { ProcessSys } from "#lib/sys/sys.ts";
import { RestartEventSchema } from "#proto/machine_pb.ts";
import type { Task } from "../sequencer.ts";

/** What these tasks touch. */
export interface PowerTaskOptions {
  readonly sys: Pick<ProcessSys, "kill">;
  /** Ours; everything else of the namespace is only signalled by PID 1. */
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventPublisher;
  /** Ends the process; must not return. */
  readonly exit: (code: number) => void;
}

const SIGTERM = 15;
const SIGKILL = 9;
const TERM_MS = 5_000;
const KILL_MS = 2_000;
const STEP_MS = 50;
const EVERYBODY = -1;

/** Whether a signal found somebody. */
function signalAll(sys: Pick<ProcessSys, "kill">, signal: number): boolean {
  try {
    sys.kill(EVERYBODY, signal);
    return true;
  } catch (thrown) {
    if (isErrno(thrown, "ESRCH")) return false;
    throw thrown;
  }
}

/** Ends every other process of the pid namespace. Only for PID 1. */
export async function endProcesses(
  { sys, pid, clock, log }: Pick<
    PowerTaskOptions,
    "sys" | "pid" | "clock" | "log"
  >,
): Promise<void> {
  // For anybody else "all processes" are those of the machine.
  if (pid !== 1) return;
  for (const [signal, limitMs] of [[SIGTERM, TERM_MS], [SIGKILL, KILL_MS]]) {
    if (!signalAll(sys, signal!)) return;
    const end = clock.monotonic() + limitMs!;
    while (clock.monotonic() < end) {
      await clock.sleep(STEP_MS);
      if (!signalAll(sys, 0)) return;
    }
  }
  log.warn("some processes do not end");
}

/** The tasks, by name. */
export function powerTasks(options: PowerTaskOptions): Record<string, Task> {
  const { events, log, exit } = options;
  return {
    shutdown: async () => {
      events.publish(RestartEventSchema, {
        cmd: BigInt(LINUX_REBOOT_CMD_POWER_OFF),
      });
      try {
        await endProcesses(options);
      } catch (thrown) {
        log.error("Cannot end all processes", thrown);
      }
      log.info("shutdown complete");
      exit(0);
    },
  };
}
