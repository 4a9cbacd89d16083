/** The event ring: payloads, tails, watchers. */
import { assertEquals, assertRejects } from "@std/assert";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type Event,
  TaskEvent_Action,
  TaskEventSchema,
} from "#proto/machine_pb.ts";
import {
  EventError,
  EventRing,
  EVENTS_KEPT,
  type WatchOptions,
} from "./events.ts";

type Tail = Omit<WatchOptions, "signal">;

/** A ring with `count` events, a second apart, and the time of the last. */
function ringOf(count: number) {
  let time = 1_000_000;
  const ring = new EventRing({ now: () => time });
  const publish = (task: string) =>
    ring.publish(TaskEventSchema, { task, action: TaskEvent_Action.STOP });
  for (let i = 0; i < count; i++) {
    time += 1000;
    publish(`task ${i}`);
  }
  return { ring, publish };
}

const taskOf = (event: Event) =>
  fromBinary(TaskEventSchema, event.data!.value).task;

/** Names of the tasks that are there without waiting. */
async function past(
  { ring, publish }: ReturnType<typeof ringOf>,
  tail: Tail,
): Promise<string[]> {
  const watch = ring.watch({ ...tail, signal: new AbortController().signal });
  const found: string[] = [];
  // The first step decides where it starts, so the marker is always seen.
  let next = watch.next();
  publish("marker");
  while (true) {
    const task = taskOf((await next).value!);
    if (task === "marker") break;
    found.push(task);
    next = watch.next();
  }
  await watch.return(undefined);
  return found;
}

Deno.test("events carry type and payload as the seed-era clients expect", async () => {
  const { ring } = ringOf(1);
  const { signal } = new AbortController();
  const watch = ring.watch({ tailEvents: -1, signal });
  const event = (await watch.next()).value!;
  assertEquals(event.data!.typeUrl, "talos/runtime/machine.TaskEvent");
  assertEquals(
    event.data!.value,
    Uint8Array.of(0x0a, 6, ...new TextEncoder().encode("task 0"), 0x10, 1),
  );
  assertEquals(event.id.length, 20);
  await watch.return(undefined);
});

Deno.test("tails", async (t) => {
  const made = ringOf(5);
  const { ring } = made;
  const { signal } = new AbortController();
  const watch = ring.watch({ tailEvents: 3, signal });
  const third = (await watch.next()).value!.id;
  await watch.return(undefined);
  assertEquals(await past(made, { tailId: third }), ["task 3", "task 4"]);
  const cases: [Tail, string[]][] = [
    [{}, []],
    [{ tailEvents: 2 }, ["task 3", "task 4"]],
    [{ tailEvents: 99 }, ["task 0", "task 1", "task 2", "task 3", "task 4"]],
    [{ tailEvents: -1 }, ["task 0", "task 1", "task 2", "task 3", "task 4"]],
    [{ tailSeconds: 1 }, ["task 3", "task 4"]],
  ];
  for (const [tail, want] of cases) {
    await t.step(JSON.stringify(tail), async () => {
      assertEquals(await past(ringOf(5), tail), want);
    });
  }
});

Deno.test("tail options exclude each other, and an id is an id", async () => {
  const { ring } = ringOf(1);
  const { signal } = new AbortController();
  for (
    const tail of [
      { tailEvents: 1, tailSeconds: 1 },
      { tailId: "9m4e2mr0ui3e8a215n4g", tailEvents: -1 },
      { tailId: "junk" },
    ]
  ) {
    await assertRejects(
      () => ring.watch({ ...tail, signal }).next(),
      EventError,
    );
  }
});

Deno.test("a full ring keeps the newest, and a lagging watcher is told", async () => {
  const made = ringOf(5);
  const { ring, publish } = made;
  const { signal } = new AbortController();
  const watch = ring.watch({ tailEvents: -1, signal });
  assertEquals(taskOf((await watch.next()).value!), "task 0");
  for (let i = 0; i < EVENTS_KEPT + 5; i++) publish(`more ${i}`);
  const error = await assertRejects(() => watch.next(), EventError);
  assertEquals(error.problem, { kind: "lagged", lost: 9 });
  const all = await past(made, { tailEvents: -1 });
  assertEquals(all[0], "more 15");
  assertEquals(all.length, EVENTS_KEPT - 10);
});

Deno.test("watchers wake on publish and end with their signal", async () => {
  const { ring, publish } = ringOf(0);
  const abort = new AbortController();
  const watch = ring.watch({ signal: abort.signal });
  const pending = watch.next();
  publish("now");
  assertEquals(taskOf((await pending).value!), "now");
  const last = watch.next();
  abort.abort();
  assertEquals((await last).done, true);
});
