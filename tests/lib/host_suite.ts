/**
 * What every service host must show, whatever runs its process: the unit ring
 * runs it on a plain process, the node ring in a container.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "#lib/clock.ts";
import { createLogger } from "#lib/log.ts";
import { DEFAULT_HEALTH, type Manifest } from "#lib/worker/manifest.ts";
import type { WorkerConfig } from "#lib/worker/protocol.ts";
import type { Runner } from "../../services/machined/supervisor/runner.ts";
import { WorkerRunner } from "../../services/machined/supervisor/runner_worker.ts";
import {
  HEALTHY_RUN_MS,
  ServiceHost,
} from "../../services/machined/supervisor/service_host.ts";
import { eventually } from "./eventually.ts";

/** The promise of the seed: back within this. */
const BACK_MS = 2_000;
/** Until the silence of a host is a hang. */
const HANG_MS = 1_000;
const NEVER = new AbortController().signal;

/** A daemon of tests/fixtures/workers. */
export function testManifest(
  name: string,
  more: Partial<Manifest> = {},
): Manifest {
  return {
    name,
    job: "A test.",
    host: "node",
    serves: [],
    callers: [],
    config: ["*"],
    permissions: {},
    capabilities: [],
    mounts: [],
    needs: [],
    restart: "always",
    health: DEFAULT_HEALTH,
    memoryMiB: 48,
    ...more,
  };
}

/** How to make the host under test. */
export interface HostBench {
  readonly name: string;
  readonly socket: string;
  readonly bundles: string;
  /** Makes a run of the host's process. */
  readonly runner: () => Runner;
  /** How often each failure is provoked. */
  readonly rounds: number;
  /** Whether a cgroup limits its memory. */
  readonly limited?: boolean;
}

/** A host with helpers. */
export class TestHost implements AsyncDisposable {
  readonly host: ServiceHost;
  readonly lines: string[] = [];
  readonly notices: string[] = [];
  readonly #bench: HostBench;

  constructor(bench: HostBench) {
    this.#bench = bench;
    this.host = new ServiceHost({
      name: bench.name,
      socket: bench.socket,
      runner: bench.runner,
      clock: systemClock,
      log: createLogger((line) => this.lines.push(line)),
    });
  }

  /** Starts a worker; its pid is that of its host. */
  async start(manifest: Manifest, config: Record<string, unknown> = {}) {
    const runner = new WorkerRunner({
      manifest,
      host: this.host,
      config: () => workerConfig(config),
      log: (line) => this.lines.push(line),
      onNotice: (text) => this.notices.push(text),
      bundles: this.#bench.bundles,
    });
    const text = await runner.start(NEVER);
    const pid = Number(/PID (\d+)/.exec(text)?.[1]);
    return { runner, text, pid, at: performance.now() };
  }

  async [Symbol.asyncDispose]() {
    await this.host.stop();
  }
}

/** A worker config that says only what a test wants to say. */
export function workerConfig(config: Record<string, unknown>): WorkerConfig {
  const node = {
    mode: "container",
    hostname: "n",
    version: "v",
    addresses: [],
  } as const;
  return { config, node };
}

/** Failures of a worker, and how its exit is told. */
const ALONE: readonly { mood: string; reason: string }[] = [
  { mood: "throw", reason: "outer: inner" },
  { mood: "reject", reason: "nobody waits" },
  { mood: "exit", reason: "the worker called exit" },
];

/** Runs the suite. */
export async function checkHost(t: Deno.TestContext, bench: HostBench) {
  await using test = new TestHost(bench);
  const moody = testManifest("moody");
  let neighbour = await test.start(testManifest("calm"));
  for (const { mood, reason } of ALONE) {
    await t.step(`a worker that does ${mood} is replaced alone`, async () => {
      for (let round = 0; round < bench.rounds; round++) {
        const first = await test.start(moody);
        assertEquals(first.pid, neighbour.pid);
        const began = performance.now();
        first.runner.configure(workerConfig({ mood }));
        assertEquals(await first.runner.exited, { clean: false, reason });
        const second = await test.start(moody);
        const took = performance.now() - began;
        assert(took < BACK_MS, `took ${took} ms`);
        assertEquals(second.pid, neighbour.pid);
        await second.runner.stop();
        assertEquals((await second.runner.exited).clean, true);
      }
    });
  }
  await t.step("a flood of log lines is cut and counted", async () => {
    const flood = await test.start(moody);
    flood.runner.configure(workerConfig({ mood: "fine", lines: 5_000 }));
    await eventually(() =>
      test.lines.some((line) => line.endsWith("log lines dropped"))
    );
    assert(test.lines.length < 2_500, `${test.lines.length} lines`);
    await flood.runner.stop();
  });
  await t.step("a worker that cannot start says why", async () => {
    await refused(test, testManifest("nowhere"), "Module not found");
    await refused(test, moody, "cannot start", { mood: "start" });
    const greedy = testManifest("moody", { permissions: { run: true } });
    await refused(test, greedy, "escalate");
  });
  const fatal = [
    "heap",
    "hang",
    ...bench.limited ? ["buffers" as const] : [],
  ] as const;
  for (const mood of fatal) {
    await t.step(`${mood} ends the host, which comes back`, async () => {
      for (let round = 0; round < bench.rounds; round++) {
        neighbour = await replaced(test, neighbour, mood);
      }
    });
  }
  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    await t.step(`a host comes back from ${signal}`, async () => {
      for (let round = 0; round < bench.rounds; round++) {
        neighbour = await replaced(test, neighbour, signal);
      }
    });
  }
}

type Started = Awaited<ReturnType<TestHost["start"]>>;

/** Ends the host of `old` by a worker's mood or a signal; the next run of it. */
async function replaced(
  test: TestHost,
  old: Started,
  how: "heap" | "hang" | "buffers" | "SIGKILL" | "SIGSTOP",
): Promise<Started> {
  const moody = await test.start(testManifest("moody"));
  // A host that dies at once, again and again, is started ever more slowly.
  await eventually(() => performance.now() - old.at > HEALTHY_RUN_MS + 100);
  const fills = how === "heap" || how === "buffers";
  if (how === "SIGKILL" || how === "SIGSTOP") Deno.kill(old.pid, how);
  else moody.runner.configure(workerConfig({ mood: how }));
  const began = performance.now();
  const [lost] = await Promise.all([old.runner.exited, moody.runner.exited]);
  // Filling memory takes its time.
  const ended = fills ? performance.now() : began;
  assertEquals(lost.clean, false);
  assertStringIncludes(lost.reason, `host ${test.host.name} ended: `);
  const back = await test.start(testManifest("calm"));
  const took = performance.now() - ended;
  const hangs = how === "SIGSTOP" || how === "hang";
  const limit = hangs ? HANG_MS + BACK_MS : BACK_MS;
  assert(took < limit, `took ${took} ms`);
  assert(back.pid !== old.pid, "the host is the same");
  return back;
}

async function refused(
  test: TestHost,
  manifest: Manifest,
  reason: string,
  config: Record<string, unknown> = {},
) {
  const message = await test.start(manifest, config).then(
    () => "started",
    (thrown) => String(thrown),
  );
  assertStringIncludes(message, reason);
}
