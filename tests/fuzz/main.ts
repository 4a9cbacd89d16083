/**
 * `deno task fuzz`: tries mutants of images on the reader of SquashFS.
 *
 *     deno task fuzz -- --runs 1000000 --seed 7
 *     deno task fuzz -- --seed 7 --case 123 [--save FILE] [--reader reference]
 */
import { parseArgs } from "node:util";
import { makeMutant } from "#tests/squashfs/mutants.ts";
import { fuzz } from "./run.ts";
import { TARGETS } from "./targets.ts";

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function numberOf(text: string, name: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} wants a number, not "${text}"`);
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      runs: { type: "string", default: "10000" },
      seed: { type: "string", default: `${Date.now() % 1_000_000}` },
      case: { type: "string" },
      save: { type: "string" },
      reader: { type: "string", default: "wasm" },
    },
  });
  const { reader, save } = values;
  if (!TARGETS[reader]) throw new Error(`no reader "${reader}"`);
  const seed = numberOf(values.seed, "seed");
  const single = values.case !== undefined;
  const first = single ? numberOf(values.case!, "case") : 0;
  const runs = single ? 1 : numberOf(values.runs, "runs");
  if (single) {
    const { about, bytes } = makeMutant(seed, first);
    say(`${about}: ${bytes.length} bytes`);
    if (save !== undefined) await Deno.writeFile(save, bytes);
  }
  const started = performance.now();
  const { failures, rssBytes } = await fuzz({ seed, first, runs, reader });
  for (const { number, about, what, replay } of failures) {
    say(`case ${number}: ${about}\n${what}\nreplay: ${replay}\n`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(
    `${runs} mutants of seed ${seed} on ${reader} in ${seconds} s: ` +
      `${failures.length} failed; ${rssBytes >> 20} MiB`,
  );
  return failures.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
