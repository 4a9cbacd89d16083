/** The runner of sequences: order, lock, failure, events, lines. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { fromBinary } from "@bufbuild/protobuf";
import { EventRing } from "#lib/events.ts";
import { createLogger } from "#lib/log.ts";
import {
  PhaseEventSchema,
  SequenceEventSchema,
  TaskEventSchema,
} from "#proto/machine_pb.ts";
import { SequenceError, Sequencer, type Task } from "./sequencer.ts";
import { FakeClock } from "./supervisor/fake.ts";

function setUp(tasks: Record<string, Task>) {
  const events = new EventRing();
  const lines: string[] = [];
  const sequencer = new Sequencer({
    events,
    log: createLogger((line) => lines.push(line.replace(/^\S+ /, ""))),
    clock: new FakeClock(60_000),
    tasks,
  });
  return { sequencer, lines, seen: () => actions(events) };
}

/** All events as `sequence boot 1`. */
async function actions(events: EventRing): Promise<string[]> {
  const found: string[] = [];
  const watch = events.watch({
    tailEvents: -1,
    signal: new AbortController().signal,
  });
  let next = watch.next();
  events.publish(TaskEventSchema, { task: "marker" });
  for (;; next = watch.next()) {
    const { typeUrl, value } = (await next).value!.data!;
    const decode = <D extends DescMessage>(schema: D): MessageShape<D> =>
      fromBinary(schema, value);
    if (typeUrl.endsWith(".SequenceEvent")) {
      const { sequence, action, error } = decode(SequenceEventSchema);
      found.push(
        `sequence ${sequence} ${action}` +
          (error ? ` ${error.code} ${error.message}` : ""),
      );
    } else if (typeUrl.endsWith(".PhaseEvent")) {
      const { phase, action } = decode(PhaseEventSchema);
      found.push(`phase ${phase} ${action}`);
    } else {
      const { task, action } = decode(TaskEventSchema);
      if (task === "marker") return found;
      found.push(`task ${task} ${action}`);
    }
  }
}

Deno.test("phases run in order, their events start and stop, lines are the seed era's", async () => {
  const order: string[] = [];
  const { sequencer, lines, seen } = setUp({
    a: () => void order.push("a"),
    b: () => void order.push("b"),
  });
  await sequencer.run("boot", [
    { name: "one", tasks: ["a"] },
    { name: "two", tasks: ["b"] },
  ]);
  assertEquals(order, ["a", "b"]);
  assertEquals(await seen(), [
    "sequence boot 1",
    "phase one 0",
    "task a 0",
    "task a 1",
    "phase one 1",
    "phase two 0",
    "task b 0",
    "task b 1",
    "phase two 1",
    "sequence boot 2",
  ]);
  assertEquals(lines, [
    "info boot sequence: 2 phase(s)",
    "info phase one (1/2): 1 tasks(s)",
    "info task a (1/1): starting",
    "info task a (1/1): done, 0.0ms",
    "info phase one (1/2): done, 0.0ms",
    "info phase two (2/2): 1 tasks(s)",
    "info task b (1/1): starting",
    "info task b (1/1): done, 0.0ms",
    "info phase two (2/2): done, 0.0ms",
    "info boot sequence: done, 0.0ms",
  ]);
});

Deno.test("tasks of a phase run together; the first error aborts the others", async () => {
  let aborted = false;
  const { sequencer, seen } = setUp({
    slow: (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason);
        });
      }),
    bad: () => Promise.reject(new Error("no space")),
    never: () => assert(false),
  });
  const error = await assertRejects(
    () =>
      sequencer.run("boot", [
        { name: "both", tasks: ["slow", "bad"] },
        { name: "after", tasks: ["never"] },
      ]),
    SequenceError,
    'boot sequence failed in phase "both", task "bad"',
  );
  assertEquals(error.problem.kind, "failed");
  assertEquals(aborted, true);
  assertEquals(
    (await seen()).at(-1),
    'sequence boot 0 0 boot sequence failed in phase "both", task "bad": no space',
  );
});

Deno.test("one sequence at a time, except those that need no lock", async () => {
  const gate = Promise.withResolvers<void>();
  const ran: string[] = [];
  const { sequencer, seen } = setUp({
    wait: () => gate.promise,
    recover: () => void ran.push("recover"),
  });
  const boot = sequencer.run("boot", [{ name: "p", tasks: ["wait"] }]);
  const error = await assertRejects(
    () => sequencer.run("upgrade", []),
    SequenceError,
    "sequence not started: locked",
  );
  assertEquals(error.problem.kind, "locked");
  assert(
    (await seen()).includes(
      "sequence upgrade 0 1 sequence not started: locked",
    ),
  );
  await sequencer.run("recover", [{ name: "p", tasks: ["recover"] }]);
  assertEquals(ran, ["recover"]);
  gate.resolve();
  await boot;
  await sequencer.run("upgrade", []);
});

Deno.test("a shutdown takes over, also from a task that does not listen", async () => {
  const events = new EventRing();
  const sequencer = new Sequencer({
    events,
    log: createLogger(() => {}),
    clock: new FakeClock(),
    tasks: { deaf: () => new Promise(() => {}), down: () => {} },
  });
  void sequencer.run("boot", [{ name: "p", tasks: ["deaf"] }]);
  await sequencer.run("shutdown", [{ name: "p", tasks: ["down"] }], {
    takeOver: true,
  });
  await sequencer.run("boot", []);
});

Deno.test("a sequence that only waits makes way, and has not failed", async () => {
  const ended = Promise.withResolvers<void>();
  const { sequencer, seen } = setUp({
    // As the supervisor does: waits until services are up, or the signal.
    wait: (signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          ended.resolve();
          reject(signal.reason);
        })
      ),
    apply: async () => await ended.promise,
  });
  const boot = assertRejects(
    () => sequencer.run("boot", [{ name: "p", tasks: ["wait"], waits: true }]),
    SequenceError,
    "boot sequence ended: another took over",
  );
  assertEquals(sequencer.busy, false);
  await sequencer.run("applyConfiguration", [{ name: "q", tasks: ["apply"] }]);
  assertEquals((await boot).problem.kind, "takenOver");
  assert(!(await seen()).some((line) => line.includes("failed")));
});

Deno.test("a task that is not there is an error, not a silence", async () => {
  const { sequencer } = setUp({});
  const error = await assertRejects(
    () => sequencer.run("boot", [{ name: "p", tasks: ["ghost"] }]),
    SequenceError,
  );
  assertEquals(
    (error.cause as Error).message,
    'no task "ghost" in this mode',
  );
});
