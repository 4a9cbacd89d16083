/**
 * Whatever is thrown where nobody waits for it (a timer, a promise, a listener)
 * is logged, and the process goes on. Before anything else of PID 1.
 */
import { chainOf } from "#lib/errors.ts";

/** How many errors a second are told; a loop of them must not fill the log. */
const TOLD_A_SECOND = 10;

/** Installs the guard on `target`; `tell` gets a line for each error. */
export function installGuard(
  target: EventTarget,
  tell: (line: string) => void,
  now: () => number = () => performance.now(),
): void {
  let second = 0;
  let told = 0;
  const report = (what: string, thrown: unknown) => {
    const at = Math.floor(now() / 1000);
    if (at !== second) [second, told] = [at, 0];
    if (++told > TOLD_A_SECOND) return;
    // The stack is what finds a bug of ours; it is one line of the log.
    const stack = thrown instanceof Error ? thrown.stack ?? "" : "";
    const where = stack.split("\n").slice(1, 4).map((line) => line.trim());
    tell([`${what}: ${chainOf(thrown)}`, ...where].join(" "));
  };
  target.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    report("unhandled rejection", (event as PromiseRejectionEvent).reason);
  });
  target.addEventListener("error", (event) => {
    event.preventDefault();
    const { error, message } = event as ErrorEvent;
    report("uncaught error", error ?? message);
  });
}
