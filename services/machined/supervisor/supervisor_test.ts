/** Services with fake runners: the states and texts that are seen. */
import { assertEquals, assertRejects } from "@std/assert";
import { EventRing } from "#lib/events.ts";
import { createLogger } from "#lib/log.ts";
import { eventually } from "#tests/eventually.ts";
import { Backoff, PROCESS_RESTART, WORKER_RESTART } from "./backoff.ts";
import { FakeClock, FakeRunner } from "./fake.ts";
import { EVENTS_PER_SERVICE, type ServiceSpec } from "./service.ts";
import { nextState } from "./states.ts";
import { ServiceError, Supervisor } from "./supervisor.ts";

/** A supervisor that keeps its runners for the test. */
function setUp(holdFromMs = 5_000) {
  const clock = new FakeClock(holdFromMs);
  const supervisor = new Supervisor({
    events: new EventRing(),
    log: createLogger(() => {}),
    clock,
  });
  const runs: Record<string, FakeRunner[]> = {};
  const stopped: string[] = [];
  const add = (id: string, spec: Partial<ServiceSpec> = {}) =>
    supervisor.add({
      id,
      needs: [],
      runner: () => {
        const runner = new FakeRunner(`Fake(${id})`, () => stopped.push(id));
        (runs[id] ??= []).push(runner);
        return runner;
      },
      ...spec,
    });
  const history = (id: string) =>
    supervisor.list().find((s) => s.id === id)!.events
      .map(({ state, message }) => `${state}: ${message}`);
  const state = (id: string) =>
    supervisor.list().find((s) => s.id === id)!.state;
  const running = (id: string, run = 1) =>
    eventually(() => runs[id]?.length === run && state(id) === "Running");
  return { supervisor, clock, runs, stopped, add, history, state, running };
}

const HEALTH = { initialDelayMs: 1, everyMs: 5_000, timeoutMs: 500 };

Deno.test("a service that is started and stopped", async () => {
  const { supervisor, add, history, running } = setUp();
  add("a");
  supervisor.launch(["a"]);
  supervisor.launch(["a"]);
  await running("a");
  await supervisor.stop(["a"]);
  assertEquals(history("a"), [
    "Preparing: Running pre state",
    "Preparing: Creating service runner",
    "Running: Started Fake(a)",
    "Stopping: Sending SIGTERM to Fake(a)",
    "Finished: Service finished successfully",
  ]);
});

Deno.test("a service waits for those it needs, and says for whom", async () => {
  const { supervisor, add, history, running } = setUp();
  let well = false;
  const check = () =>
    well ? Promise.resolve() : Promise.reject(new Error("no"));
  const clockTick = { ...HEALTH, everyMs: 1 };
  add("a");
  add("b", { health: { policy: clockTick, check } });
  add("c", { needs: ["a", "b"] });
  supervisor.launch(["c"]);
  supervisor.launch(["a", "b"]);
  await eventually(() => history("b").length === 4);
  assertEquals(history("c").slice(0, 2), [
    'Waiting: Waiting for service "a" to be "up", service "b" to be "up"',
    'Waiting: Waiting for service "b" to be "up"',
  ]);
  well = true;
  await running("c");
  assertEquals(history("b").slice(3), [
    "Running: Health check failed: no",
    "Running: Health check successful",
  ]);
  await supervisor.stopAll();
});

Deno.test("a worker that dies is back at once, then slower", async () => {
  const { supervisor, clock, runs, add, history, running } = setUp(60_000);
  add("w", { restart: WORKER_RESTART });
  supervisor.launch(["w"]);
  for (let run = 1; run <= 9; run++) {
    await running("w", run);
    runs["w"]!.at(-1)!.end({ clean: false, reason: "it threw" });
  }
  await running("w", 10);
  assertEquals(
    clock.slept,
    [0, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000],
  );
  assertEquals(
    history("w")[3],
    "Waiting: Service failed (it threw), going to restart at once",
  );
  await supervisor.stopAll();
});

Deno.test("a healthy run resets the back-off; processes wait 5 s", () => {
  const backoff = new Backoff(WORKER_RESTART);
  assertEquals([backoff.nextMs(), backoff.nextMs()], [0, 250]);
  backoff.reset();
  assertEquals(backoff.nextMs(), 0);
  const process = new Backoff(PROCESS_RESTART);
  assertEquals([process.nextMs(), process.nextMs()], [5_000, 5_000]);
});

Deno.test("a worker whose host is gone waits for it", async () => {
  const { supervisor, runs, add, history, running } = setUp();
  add("host", { restart: { pausesMs: [5_000] } });
  add("w", { runsIn: ["host"], restart: WORKER_RESTART });
  supervisor.launch(["host", "w"]);
  await running("w");
  runs["host"]![0]!.end({ clean: false, reason: "out of memory" });
  await eventually(() => history("host").at(-1)!.startsWith("Waiting"));
  runs["w"]![0]!.end({ clean: false, reason: "its host is gone" });
  await eventually(() =>
    history("w").at(-1) ===
      'Waiting: Waiting for service "host" to be "up"'
  );
  await supervisor.stopAll();
});

Deno.test("a pre stage may skip or fail", async () => {
  const { supervisor, add, history, state } = setUp();
  add("skipped", { pre: () => Promise.resolve("skip") });
  add("failing", { pre: () => Promise.reject(new Error("no disk")) });
  add("after", { needs: ["skipped"] });
  supervisor.launch(["skipped", "failing", "after"]);
  await eventually(() => state("after") === "Running");
  assertEquals(history("skipped").at(-1), "Skipped: Service skipped");
  assertEquals(
    history("failing").at(-1),
    "Failed: Failed running service: Failed to run pre stage: no disk",
  );
  await supervisor.stopAll();
});

Deno.test("what a pre stage tells is seen, and nothing that it tells later", async () => {
  const { supervisor, add, history, running } = setUp();
  let late = (_text: string) => {};
  add("a", {
    pre: (_signal, tell) => {
      tell("half of it is there");
      late = tell;
      return Promise.resolve("run");
    },
  });
  supervisor.launch(["a"]);
  await running("a");
  late("all of it is there");
  assertEquals(history("a").slice(1), [
    "Preparing: half of it is there",
    "Preparing: Creating service runner",
    "Running: Started Fake(a)",
  ]);
});

Deno.test("stopping goes against the needs", async () => {
  const { supervisor, stopped, add, running } = setUp();
  add("a");
  add("b", { needs: ["a"] });
  add("c", { runsIn: ["b"] });
  supervisor.launch(["c", "b", "a"]);
  await running("c");
  await supervisor.stopAll();
  assertEquals(stopped, ["c", "b", "a"]);
  supervisor.launch(["a"]);
  assertEquals(supervisor.list()[0]!.state, "Finished");
});

Deno.test("a service can be stopped while it waits, or between runs", async () => {
  const { supervisor, runs, add, history, running } = setUp();
  add("waiting", { needs: ["absent"] });
  add("resting", { restart: PROCESS_RESTART });
  supervisor.launch(["waiting", "resting"]);
  await running("resting");
  runs["resting"]![0]!.end({ clean: false, reason: "exit code 1" });
  await eventually(() => history("resting").at(-1)!.startsWith("Waiting"));
  await supervisor.stopAll();
  assertEquals(history("waiting"), [
    'Waiting: Waiting for service "absent" to be "up"',
    "Finished: Service finished successfully",
  ]);
});

Deno.test("a hung health check is a failed one", async () => {
  const { supervisor, add, history } = setUp();
  add("h", {
    health: {
      policy: { initialDelayMs: 0, everyMs: 5_000, timeoutMs: 5 },
      check: () => new Promise(() => {}),
    },
  });
  supervisor.launch(["h"]);
  await eventually(() =>
    history("h").at(-1) === "Running: Health check failed: no answer in 5 ms"
  );
  await supervisor.stopAll();
});

Deno.test("the API may do what a service allows", async () => {
  const { supervisor, add, runs, running } = setUp();
  add("timed", { operations: ["start", "restart"] });
  supervisor.launch(["timed"]);
  await running("timed");
  await supervisor.operate("restart", "timed");
  await running("timed", 2);
  assertEquals(runs["timed"]!.length, 2);
  await assertRejects(
    () => supervisor.operate("stop", "timed"),
    ServiceError,
    `service "timed" doesn't support stop operation via API`,
  );
  await assertRejects(() => supervisor.operate("start", "nope"), ServiceError);
  await supervisor.stopAll();
});

Deno.test("the history is bounded, in entries, in text and in notes a second", async () => {
  const { supervisor, clock, add, history, running } = setUp();
  add("n");
  supervisor.launch(["n"]);
  await running("n");
  for (let i = 0; i < 100; i++) supervisor.note("n", "x".repeat(1 << 20));
  assertEquals(history("n").length, 3 + 10);
  assertEquals(history("n").at(-1)!.length, "Running: ".length + 1024);
  for (let i = 0; i < 100; i++) {
    void clock.sleep(1000);
    supervisor.note("n", `${i}`);
  }
  assertEquals(history("n").length, EVENTS_PER_SERVICE);
  assertEquals(history("n").at(-1), "Running: 99");
  await supervisor.stopAll();
});

Deno.test("what the table does not know is an error", async () => {
  await assertRejects(() => Promise.try(() => nextState("Skipped", "stop")));
  assertEquals(nextState("Preparing", "run"), "Running");
});
