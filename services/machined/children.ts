/**
 * Every child that machined starts itself goes through here: PID 1 reaps all
 * orphans, and a child whose exit status `Deno.Command` waits for is none.
 */

const running = new Set<number>();

/** Starts a program; from this moment until its status is known it is ours. */
export function spawnChild(
  program: string,
  options: Deno.CommandOptions,
): Deno.ChildProcess {
  const child = new Deno.Command(program, options).spawn();
  running.add(child.pid);
  const gone = () => void running.delete(child.pid);
  child.status.then(gone, gone);
  return child;
}

/** Whether `Deno.Command` waits for this process. */
export function isOwnChild(pid: number): boolean {
  return running.has(pid);
}
