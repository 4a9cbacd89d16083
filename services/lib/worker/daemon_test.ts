/** Tests of the worker's end of the control protocol, in real workers. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import type { WorkerCommand, WorkerReport } from "./protocol.ts";
import {
  costOf,
  HELD_CHARS,
  LINE_CHARS,
  LogWindow,
  REPORT_CHARS,
  WINDOW_CHARS,
} from "./log_window.ts";

const MOODY = new URL(
  "../../../tests/fixtures/workers/moody.ts",
  import.meta.url,
).href;

/** A worker as its host sees it, without a host. */
class Probe implements Disposable {
  readonly reports: WorkerReport[] = [];
  readonly #worker: Worker;

  constructor(config: Record<string, unknown> = {}) {
    this.#worker = new Worker(MOODY, {
      type: "module",
      deno: { permissions: "none" },
    });
    this.#worker.onmessage = ({ data }) => this.reports.push(data);
    this.send({ type: "start", config: { config, node: NODE } });
  }

  send(command: WorkerCommand): void {
    this.#worker.postMessage(command);
  }

  configure(config: Record<string, unknown>): void {
    this.send({ type: "configure", config: { config, node: NODE } });
  }

  async next<T extends WorkerReport["type"]>(type: T) {
    return await eventually(() =>
      this.reports.find((r): r is Extract<WorkerReport, { type: T }> =>
        r.type === type
      )
    );
  }

  lines(): string[] {
    return this.reports.flatMap((r) => r.type === "log" ? r.lines : []);
  }

  [Symbol.dispose]() {
    this.#worker.terminate();
  }
}

const NODE = {
  mode: "container",
  hostname: "n",
  version: "v",
  addresses: [],
} as const;

Deno.test("a config that comes while a worker starts is not lost", async () => {
  using worker = new Probe({ mood: "slow" });
  worker.configure({ mood: "fine" });
  assertEquals(await worker.next("notice"), {
    type: "notice",
    text: "mood fine",
  });
  await worker.next("ready");
});

Deno.test("a worker says ready, beats, takes configs and stops", async () => {
  using worker = new Probe({ machine: { type: "join" } });
  await worker.next("ready");
  await worker.next("heartbeat");
  assertEquals(await worker.next("health"), {
    type: "health",
    healthy: true,
    message: "fine",
  });
  worker.configure({ mood: "fine" });
  assertEquals(await worker.next("notice"), {
    type: "notice",
    text: "mood fine",
  });
  worker.send({ type: "stop" });
  assertEquals(await worker.next("exited"), { type: "exited" });
  assertMatch(
    worker.lines()[0]!,
    /^\S+ info started with \{"machine":\{"type":"join"\}\}$/,
  );
});

Deno.test("a failed worker says why, once", async (t) => {
  const onConfig = [
    { mood: "throw", want: "outer: inner" },
    { mood: "late", want: "from a timer" },
    { mood: "reject", want: "nobody waits" },
    { mood: "exit", want: "the worker called exit" },
  ];
  for (const { mood, want } of onConfig) {
    await t.step(mood, async () => {
      using worker = new Probe();
      await worker.next("ready");
      worker.configure({ mood });
      assertEquals(await worker.next("exited"), {
        type: "exited",
        error: want,
      });
    });
  }
  const atStart = [
    { mood: "ends", want: "the daemon ended by itself" },
    { mood: "start", want: "cannot start" },
  ];
  for (const { mood, want } of atStart) {
    await t.step(mood, async () => {
      using worker = new Probe({ mood });
      assertEquals(await worker.next("exited"), {
        type: "exited",
        error: want,
      });
      assertEquals(
        worker.reports.filter((r) => r.type === "exited").length,
        1,
      );
    });
  }
});

Deno.test("a flood of log lines stops at the window", async () => {
  using worker = new Probe();
  await worker.next("ready");
  worker.configure({ mood: "fine", lines: 5_000 });
  await worker.next("notice");
  const sent = await eventually(() => {
    const chars = costOf(worker.lines());
    return chars >= WINDOW_CHARS ? chars : undefined;
  });
  assert(sent < WINDOW_CHARS + REPORT_CHARS + LINE_CHARS, `${sent}`);
  worker.send({ type: "logged", chars: sent });
  const last = await eventually(() => {
    worker.send({ type: "logged", chars: WINDOW_CHARS });
    return worker.lines().find((line) => line.endsWith("log lines dropped"));
  });
  assert(Number.parseInt(last) > 4_000, last);
});

Deno.test("LogWindow cuts long lines and drains whatever is left", () => {
  const window = new LogWindow();
  while (window.push("x".repeat(999)));
  let sent = 0;
  for (;;) {
    const lines = window.take();
    if (lines.length === 0) break;
    sent += costOf(lines);
  }
  // All that was held fits the window; the next line waits for the host.
  assertEquals(sent >= HELD_CHARS && sent < HELD_CHARS + 2000, true);
  window.push("y".repeat(LINE_CHARS + 1));
  assertEquals(window.take(), []);
  assertEquals(window.drain(), ["y".repeat(LINE_CHARS - 3) + "..."]);
});
