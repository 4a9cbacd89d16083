/**
 * Reaps orphans, which PID 1 inherits and nobody else would collect, and
 * leaves alone what children.ts started: Deno collects those.
 */
import type { Logger } from "#lib/log.ts";
import { reapOrphans } from "#lib/sys/process.ts";
import type { ProcessSys } from "#lib/sys/sys.ts";
import { isOwnChild } from "./children.ts";

/** When one of ours, which Deno will collect, hides others behind it. */
const BLOCKED_MS = 20;
/** In case that a SIGCHLD got lost: signals of one kind do not queue. */
const SWEEP_MS = 5_000;

/** What the reaper works with. */
export interface ReaperOptions {
  readonly sys: Pick<ProcessSys, "peekExited" | "reap">;
  readonly log: Logger;
  readonly ours?: (pid: number) => boolean;
}

/** Reaps orphans until the signal aborts; `onChild` is SIGCHLD. */
export function startReaper(
  { sys, log, ours = isOwnChild }: ReaperOptions,
  signal: AbortSignal,
): { onChild(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const sweep = () => {
    clearTimeout(timer);
    if (signal.aborted) return;
    let pauseMs = SWEEP_MS;
    try {
      const { reaped, blocked } = reapOrphans(sys, ours);
      if (blocked) pauseMs = BLOCKED_MS;
      for (const { pid, code, signal } of reaped) {
        log.debug(
          `reaped orphan ${pid}, ` +
            (code === undefined ? `signal ${signal}` : `exit code ${code}`),
        );
      }
    } catch (thrown) {
      log.error("Cannot reap orphans", thrown);
    }
    timer = setTimeout(sweep, pauseMs);
  };
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  sweep();
  return { onChild: sweep };
}
