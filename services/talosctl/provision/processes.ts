/** Processes of the host that work for a cluster, found by their arguments. */

/** One process of the host. */
export interface HostProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

async function argvOf(pid: number): Promise<string[]> {
  try {
    const text = await Deno.readTextFile(`/proc/${pid}/cmdline`);
    return text.split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

/** The processes whose arguments `matches` accepts; never this one. */
export async function findProcesses(
  matches: (argv: readonly string[]) => boolean,
): Promise<HostProcess[]> {
  const found: HostProcess[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    const pid = Number(entry.name);
    if (!Number.isSafeInteger(pid) || pid === Deno.pid) continue;
    const argv = await argvOf(pid);
    if (argv.length > 0 && matches(argv)) found.push({ pid, argv });
  }
  return found;
}

/** Whether `argv` has `first` and, next to it, `second`. */
export function hasPair(
  argv: readonly string[],
  first: string,
  second: string,
): boolean {
  return argv.some((arg, n) => arg === first && argv[n + 1] === second);
}

/** How long a killed process may take to go. */
const TRIES = 100;

/** Kills the processes that `matches` accepts and waits until they are gone. */
export async function killProcesses(
  matches: (argv: readonly string[]) => boolean,
): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await findProcesses(matches);
    if (found.length === 0) return;
    for (const { pid } of found) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It went by itself.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts `argv` so that it outlives us, its output going to the file `log`. */
export async function startDetached(
  argv: readonly string[],
  log: string,
): Promise<void> {
  const shell = 'log=$1; shift; exec "$@" >>"$log" 2>&1 </dev/null';
  const { success } = await new Deno.Command("setsid", {
    args: ["--fork", "sh", "-c", shell, "sh", log, ...argv],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`Cannot start "${argv[0]}" by setsid`);
}
