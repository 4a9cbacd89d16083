/** Cordon, drain and uncordon against an API server on loopback. */
import { assertEquals, assertRejects } from "@std/assert";
import { FakeApiServer, podOn } from "#tests/fake_api_server.ts";
import { cordon, uncordon } from "./cordon.ts";
import { type Blocker, drain, DrainError } from "./drain.ts";
import { KubeError } from "./errors.ts";

const { signal } = new AbortController();
const NODE = "w";

/** Time that passes only by sleeping. */
function fakeClock() {
  let now = 0;
  return {
    monotonic: () => now,
    sleep: (ms: number) => Promise.resolve(void (now += ms)),
  };
}

function node(spec = {}) {
  return {
    ...{ apiVersion: "v1", kind: "Node", spec },
    metadata: { name: NODE, resourceVersion: "7" },
  };
}

/** What the API server says when a budget is in the way. */
const HELD = {
  status: 429,
  body: {
    message:
      "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      causes: [{
        reason: "DisruptionBudget",
        message:
          "The disruption budget web needs 2 healthy pods and has 2 currently",
      }],
    },
  },
};

Deno.test("cordon and uncordon undo only what was ours", async () => {
  await using api = await FakeApiServer.start();
  const { client, nodes } = api;
  nodes.set(NODE, node());
  const cordoned = () => nodes.get(NODE)!.spec?.unschedulable;
  assertEquals(await cordon(client, NODE, signal), true);
  assertEquals(cordoned(), true);
  assertEquals(await cordon(client, NODE, signal), false);
  assertEquals(await uncordon(client, { name: NODE }, signal), true);
  assertEquals([cordoned(), nodes.get(NODE)!.metadata.annotations], [
    undefined,
    {},
  ]);
  nodes.set(NODE, node({ unschedulable: true }));
  assertEquals(await cordon(client, NODE, signal), false);
  assertEquals(await uncordon(client, { name: NODE }, signal), false);
  assertEquals(cordoned(), true);
  const force = { name: NODE, force: true };
  assertEquals(await uncordon(client, force, signal), true);
  assertEquals(cordoned(), undefined);
});

Deno.test("drain evicts what has to go, and nothing else", async () => {
  await using api = await FakeApiServer.start();
  const { client, pods, evictions } = api;
  const owned = (kind: string) => ({ ownerReferences: [{ kind }] });
  for (
    const pod of [
      podOn(NODE, "web", owned("ReplicaSet")),
      podOn(NODE, "bare"),
      podOn(NODE, "proxy", owned("DaemonSet")),
      podOn(NODE, "apiserver", {
        annotations: { "kubernetes.io/config.mirror": "x" },
      }),
      { ...podOn(NODE, "job"), status: { phase: "Succeeded" } },
      podOn("other", "elsewhere"),
    ]
  ) pods.set(pod.metadata.name, pod);
  const clock = fakeClock();
  await drain(
    { client, node: NODE, clock, timeoutMs: 60_000, graceSeconds: 30 },
    signal,
  );
  assertEquals(evictions.map(({ name }) => name), ["web", "bare"]);
  assertEquals(evictions[0]!.body, {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name: "web", namespace: "default" },
    deleteOptions: {
      preconditions: { uid: "uid-web" },
      gracePeriodSeconds: 30,
    },
  });
  assertEquals([...pods.keys()], ["proxy", "apiserver", "job", "elsewhere"]);
});

Deno.test("drain waits for a budget, and for pods that end slowly", async () => {
  await using api = await FakeApiServer.start();
  const { client, pods } = api;
  pods.set("web", podOn(NODE, "web"));
  const slow = podOn(NODE, "slow", { deletionTimestamp: "2026-01-02" });
  pods.set("slow", slow);
  let asked = 0;
  api.verdict = () => {
    if (++asked < 3) return HELD;
    pods.delete("slow");
    return { status: 201 };
  };
  const blocked: (readonly Blocker[])[] = [];
  const onBlocked = (blockers: readonly Blocker[]) =>
    void blocked.push(blockers);
  const clock = fakeClock();
  await drain(
    { client, node: NODE, clock, timeoutMs: 60_000, onBlocked },
    signal,
  );
  const budget = HELD.body.details.causes[0]!.message;
  const still = { pod: "default/slow", reason: "is still ending" };
  // The same in a row is said once.
  assertEquals(blocked, [
    [{ pod: "default/web", reason: `may not go: ${budget}` }, still],
    [{ pod: "default/web", reason: "is still ending" }, still],
  ]);
});

Deno.test("drain names who blocks when the time is over", async () => {
  await using api = await FakeApiServer.start();
  const { client, pods } = api;
  for (let i = 0; i < 12; i++) pods.set(`web-${i}`, podOn(NODE, `web-${i}`));
  api.verdict = () => HELD;
  const clock = fakeClock();
  const thrown = await assertRejects(
    () => drain({ client, node: NODE, clock, timeoutMs: 30_000 }, signal),
    DrainError,
    'Cannot drain node "w" within 30 s: pod "default/web-0" may not go: ' +
      "The disruption budget web needs 2 healthy pods and has 2 currently; ",
  );
  assertEquals(thrown.problem.blockers.length, 12);
  assertEquals(thrown.message.endsWith("; 2 more pods"), true);
  assertEquals(pods.size, 12);
});

Deno.test("drain: other refusals are words of the API server", async () => {
  await using api = await FakeApiServer.start();
  const { client, pods } = api;
  pods.set("web", podOn(NODE, "web"));
  const clock = fakeClock();
  const options = { client, node: NODE, clock, timeoutMs: 1_000 };
  const message = "This pod has more than one PodDisruptionBudget";
  api.verdict = () => ({ status: 500, body: { message } });
  await assertRejects(() => drain(options, signal), DrainError, message);
  api.verdict = () => ({ status: 403, body: { message: "not you" } });
  await assertRejects(() => drain(options, signal), KubeError, "not you");
});

Deno.test("drain: nobody answers until the time is over", async () => {
  const ended = await FakeApiServer.start();
  await ended[Symbol.asyncDispose]();
  const { client } = ended;
  const clock = fakeClock();
  await assertRejects(
    () => drain({ client, node: NODE, clock, timeoutMs: 10_000 }, signal),
    KubeError,
    "Cannot reach the API server",
  );
  assertEquals(clock.monotonic(), 10_000);
});
