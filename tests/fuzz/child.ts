/**
 * The process in which mutants are tried, one after another: `run.ts` starts
 * it, reads which one is under way, and ends it when that one does not. It
 * tells a failure and goes on.
 */
import process from "node:process";
import { makeMutant } from "#tests/squashfs/mutants.ts";
import { decodeMangledRecords, TARGETS } from "./targets.ts";

/** What one mutant may allocate beside the memory of the module. */
const ALLOCATED_MAX = 64 << 20;
/** What it may take of a processor, however busy the machine is. */
const CPU_MAX_MS = 1_000;

/** What the child says, a line of JSON each. */
export type Report =
  | { readonly kind: "begin"; readonly number: number }
  | {
    readonly kind: "failure";
    readonly number: number;
    readonly about: string;
    readonly what: string;
  }
  | { readonly kind: "end"; readonly rssBytes: number };

const encoder = new TextEncoder();

function say(report: Report): void {
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(report)}\n`));
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function allocated(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

async function main(args: readonly string[]): Promise<void> {
  const [reader = "", ...rest] = args;
  const [seed, from, to] = rest.map(Number) as [number, number, number];
  const target = await TARGETS[reader]!();
  for (let number = from; number < to; number++) {
    say({ kind: "begin", number });
    const mutant = makeMutant(seed, number);
    const before = allocated();
    const began = cpuMs();
    try {
      await target(mutant);
      decodeMangledRecords(seed, number);
      const grown = allocated() - before;
      if (grown > ALLOCATED_MAX) throw new Error(`${grown} bytes allocated`);
      const took = cpuMs() - began;
      if (took > CPU_MAX_MS) throw new Error(`it took ${took} ms`);
    } catch (error) {
      const what = error instanceof Error ? error.stack : String(error);
      say({ kind: "failure", number, about: mutant.about, what: `${what}` });
    }
  }
  say({ kind: "end", rssBytes: Deno.memoryUsage().rss });
}

await main(Deno.args);
