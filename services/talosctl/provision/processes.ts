/**
 * Programs that the provisioner runs on the host for a cluster. Each carries
 * the cluster's directory in its environment, so that a later command finds
 * and ends those that outlived a creation which was killed: a mount or a link
 * must not appear after everything was removed.
 */
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { run } from "#lib/command.ts";

/** Names the state directory of the cluster that a program works for. */
const MARK = "TALOS_CLUSTER";

/** Runs a program of the host for one cluster, as `run` of lib/command.ts. */
export type Host = typeof run;

/** Runs programs for the cluster whose state is in `dir`. */
export function hostFor(dir: string): Host {
  return (argv, options = {}) =>
    run(argv, { ...options, env: { ...options.env, [MARK]: dir } });
}

/** Whether the environment in `text` (of /proc) is that of such a program. */
export function isMarked(text: string, dir: string): boolean {
  return text.split("\0").includes(`${MARK}=${dir}`);
}

/** Pids of the programs that work for the cluster in `dir`. */
export async function findHelpers(dir: string): Promise<number[]> {
  const found: number[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    const pid = Number(entry.name);
    if (!Number.isSafeInteger(pid) || pid === Deno.pid) continue;
    // Processes go while we look, and some are nobody's to read.
    const text = await Deno.readTextFile(`/proc/${pid}/environ`)
      .catch(() => "");
    if (isMarked(text, dir)) found.push(pid);
  }
  return found;
}

/** How long killed programs may take to go. */
const TRIES = 100;

/** Kills the programs that work for the cluster until none is left. */
export async function killHelpers(dir: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await findHelpers(dir);
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It went by itself.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs `argv` with its output appended to the file `log`. */
const TO_LOG = 'log=$1; shift; exec "$@" >>"$log" 2>&1 </dev/null';

/** Arguments that run `argv` with its output appended to the file `log`. */
export function loggedArgv(log: string, argv: readonly string[]): string[] {
  return ["sh", "-c", TO_LOG, "sh", log, ...argv];
}

/** How to run ourselves: a bundle, or main.ts of the checkout. */
export function selfArgv(): string[] {
  const here = fileURLToPath(import.meta.url);
  const flags = ["run", "--quiet", "--no-prompt", "--allow-all"];
  if (here.endsWith(".js")) {
    return [Deno.execPath(), ...flags, "--no-config", "--no-lock", here];
  }
  return [Deno.execPath(), ...flags, join(dirname(here), "..", "main.ts")];
}

/** Starts `argv` so that it outlives us, its output going to the file `log`. */
export async function startDetached(
  host: Host,
  argv: readonly string[],
  log: string,
): Promise<void> {
  // Nothing may hold the pipes that `host` reads.
  const quiet = ["sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh"];
  await host([...quiet, "setsid", "--fork", ...loggedArgv(log, argv)]);
}
