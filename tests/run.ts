/**
 * `deno task ok` and `deno task test`: runs the rings one after another (they
 * would disturb each other's timing on two cores) and ends with one line,
 * `N passed, N failed`. `-- --full` runs the figures that the issues name.
 */
import { exists } from "../rootfs/exists.ts";

/** One ring of tests. */
interface Ring {
  readonly name: string;
  readonly paths: readonly string[];
  /** Its files may run side by side: they share nothing but processors. */
  readonly parallel?: boolean;
  /** Must run before; its failure counts as one failed test. */
  readonly prepare?: readonly string[];
}

const OK_RINGS: readonly Ring[] = [
  { name: "tidy", paths: ["tests/tidy"] },
  {
    name: "unit",
    parallel: true,
    paths: [
      "services",
      "core-wasm",
      "proto",
      "rootfs",
      "tests/lib",
      "tests/specs",
    ],
  },
];

const TEST_RINGS: readonly Ring[] = [
  ...OK_RINGS,
  { name: "peers", paths: ["tests/peers"] },
  { name: "build", paths: ["tests/build"], prepare: ["rootfs/build.ts"] },
  { name: "node", paths: ["tests/node"], prepare: ["rootfs/build.ts"] },
  {
    name: "cluster",
    paths: ["tests/cluster"],
    prepare: ["rootfs/images.ts", "--with-previous"],
  },
];

const DENO = Deno.execPath();

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Runs deno with `args`, passing its output on; returns it too. */
async function deno(args: string[], env: Record<string, string> = {}) {
  const child = new Deno.Command(DENO, {
    args,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  const drain = async (from: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of from) {
      text += decoder.decode(chunk, { stream: true });
      // The tail with the summary is all that is read again.
      if (text.length > 1 << 20) text = text.slice(-(1 << 16));
      Deno.stdout.writeSync(chunk);
    }
  };
  const [status] = await Promise.all([
    child.status,
    drain(child.stdout),
    drain(child.stderr),
  ]);
  return { success: status.success, text };
}

interface Tally {
  passed: number;
  failed: number;
}

/** Counts one step that is not a test ring: a formatter, a build. */
async function step(name: string, args: string[], tally: Tally) {
  say(`== ${name}`);
  const { success } = await deno(args);
  if (success) tally.passed++;
  else tally.failed++;
  return success;
}

async function runRing(ring: Ring, full: boolean, tally: Tally) {
  if (
    ring.prepare &&
    !await step(`prepare ${ring.name}`, ["run", "-A", ...ring.prepare], tally)
  ) {
    return;
  }
  const paths: string[] = [];
  for (const path of ring.paths) if (await exists(path)) paths.push(path);
  if (paths.length === 0) return;
  say(`== ring ${ring.name}`);
  const started = performance.now();
  const { success, text } = await deno(
    [
      "test",
      "-A",
      "--permit-no-files",
      "--quiet",
      // The step before the rings has checked all there is.
      "--no-check",
      ...(ring.parallel ? ["--parallel"] : []),
      ...paths,
    ],
    { TALOS_TEST_FULL: full ? "1" : "" },
  );
  // "ok | 12 passed (3 steps) | 0 failed (2s)"; steps are part of their test.
  const counts = [...text.matchAll(/(\d+) passed.*?\| (\d+) failed/g)].at(-1);
  tally.passed += Number(counts?.[1] ?? 0);
  const failed = Number(counts?.[2] ?? 0);
  // A ring that died without a summary, or outside a test, has failed.
  tally.failed += !success && failed === 0 ? 1 : failed;
  say(
    `== ring ${ring.name} took ${
      Math.round((performance.now() - started) / 1000)
    } s`,
  );
}

async function main(args: string[]): Promise<number> {
  const [what = "test", ...flags] = args;
  const tally: Tally = { passed: 0, failed: 0 };
  await step("fmt", ["fmt", "--check", "--quiet"], tally);
  await step("lint", ["lint", "--quiet"], tally);
  await step("check", ["check", "--quiet", "."], tally);
  for (const ring of what === "ok" ? OK_RINGS : TEST_RINGS) {
    await runRing(ring, flags.includes("--full"), tally);
  }
  say(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}

Deno.exit(await main(Deno.args));
