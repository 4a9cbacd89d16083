/**
 * Tries mutants in a child process under a watchdog: an endless loop, a trap
 * or a full heap ends the child, and is a failure like any other.
 */
import type { Report } from "./child.ts";

/**
 * When the watchdog barks: a mutant may take a second of a processor, which the
 * child sees to, but other programs may have it meanwhile.
 */
const WATCHDOG_MS = 30_000;
/** Loading and compiling comes before the first. */
const START_LIMIT_MS = 60_000;
/** Of the JavaScript of the child, for all mutants of a run together. */
const HEAP_MIB = 64;
/** After so many failures there is enough to do. */
const FAILURES_MAX = 20;
const STDERR_CHARS = 2_000;

/** Which mutants, and who is given them. */
export interface FuzzOptions {
  readonly seed: number;
  readonly first: number;
  readonly runs: number;
  readonly reader: string;
  readonly watchdogMs?: number;
}

/** A mutant that did not end in a result or a refusal. */
export interface Failure {
  readonly number: number;
  readonly about: string;
  readonly what: string;
  /** Does it again. */
  readonly replay: string;
}

/** What a run came to. */
export interface FuzzResult {
  readonly failures: readonly Failure[];
  /** Of the child at its end. */
  readonly rssBytes: number;
}

/** What became of one child. */
interface Attempt {
  readonly reports: readonly Report[];
  /** The mutant that was under way. */
  readonly current: number;
  /** Why the child did not come to its end. */
  readonly died?: string;
  /** The watchdog ended it. */
  readonly late?: boolean;
}

const decoder = new TextDecoder();

async function* linesOf(from: ReadableStream<Uint8Array>) {
  let rest = "";
  for await (const chunk of from) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

async function tailOf(from: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of from) {
    text = (text + decoder.decode(chunk)).slice(-STDERR_CHARS);
  }
  return text;
}

function start({ reader, seed }: FuzzOptions, from: number, to: number) {
  const program = new URL("child.ts", import.meta.url).pathname;
  const flags = ["-A", "--no-check", "--quiet"];
  const heap = `--v8-flags=--max-old-space-size=${HEAP_MIB}`;
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", ...flags, heap, program],
      ...[reader, `${seed}`, `${from}`, `${to}`],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

async function attempt(
  options: FuzzOptions,
  range: { readonly from: number; readonly to: number },
): Promise<Attempt> {
  const child = start(options, range.from, range.to);
  const stderr = tailOf(child.stderr);
  const reports: Report[] = [];
  let current = range.from;
  let late = false;
  let enough = false;
  const bark = () => {
    late = true;
    child.kill("SIGKILL");
  };
  const { watchdogMs = WATCHDOG_MS } = options;
  let watchdog = setTimeout(bark, START_LIMIT_MS);
  for await (const line of linesOf(child.stdout)) {
    const report: Report = JSON.parse(line);
    clearTimeout(watchdog);
    if (report.kind !== "end") watchdog = setTimeout(bark, watchdogMs);
    if (report.kind === "begin") current = report.number;
    else reports.push(report);
    if (reports.length < FAILURES_MAX) continue;
    // Enough; what it has written is not read.
    enough = true;
    child.kill("SIGKILL");
    break;
  }
  clearTimeout(watchdog);
  const [status, text] = await Promise.all([child.status, stderr]);
  if (status.success || enough) return { reports, current };
  const died = late
    ? `no end within ${watchdogMs} ms`
    : `the process ended with ${status.code}: ${text}`;
  return { reports, current, died, late };
}

/** Tries `runs` mutants, from `first` on. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seed, reader, first, runs } = options;
  const failures: Failure[] = [];
  let rssBytes = 0;
  const fail = (number: number, about: string, what: string) => {
    const which = reader === "wasm" ? "" : ` --reader ${reader}`;
    const replay = `deno task fuzz -- --seed ${seed} --case ${number}${which}`;
    failures.push({ number, about, what, replay });
  };
  const take = (reports: readonly Report[]) => {
    for (const report of reports) {
      if (report.kind === "end") rssBytes = Math.max(rssBytes, report.rssBytes);
      if (report.kind !== "failure") continue;
      fail(report.number, report.about, report.what);
    }
  };
  const to = first + runs;
  for (let from = first; from < to && failures.length < FAILURES_MAX;) {
    const range = { from, to };
    const { reports, current, died, late } = await attempt(options, range);
    take(reports);
    from = current + 1;
    if (died === undefined) break;
    if (late) {
      fail(current, "", died);
      continue;
    }
    // The heap may have been full of others.
    const alone = { from: current, to: current + 1 };
    const again = await attempt(options, alone);
    take(again.reports);
    if (again.died !== undefined) fail(current, "", again.died);
  }
  return { failures, rssBytes };
}
