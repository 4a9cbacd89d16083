/**
 * How long this thread has computed: what a bound on work is measured by,
 * since time on the wall passes while others have the processor.
 */

const NS_A_MS = 1e6;

/** Milliseconds on a processor; proc(5), schedstat. */
export function threadMs(): number {
  const [onCpuNs] = Deno.readTextFileSync("/proc/thread-self/schedstat")
    .split(" ");
  return Number(onCpuNs) / NS_A_MS;
}
