/** Waiting for health: the order of the news, the end of the time. */
import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../clock.ts";
import { KubeError } from "../kube/errors.ts";
import { rpcError } from "../rpc/status.ts";
import { FakeView, PAIR } from "./fake_view.ts";
import {
  HealthError,
  type HealthOptions,
  healthText,
  watchHealth,
} from "./wait.ts";

/** A clock whose short sleeps take no time, but count. */
function quickClock(onSleep: () => void = () => {}): HealthOptions["clock"] {
  let now = 0;
  const late: { at: number; wake: () => void }[] = [];
  return {
    monotonic: () => now,
    async sleep(ms, signal) {
      if (ms > 1_000) {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        late.push({ at: now + ms, wake: resolve });
        signal?.addEventListener("abort", () => reject(signal.reason));
        return await promise;
      }
      now += ms;
      for (const one of late) if (one.at <= now) one.wake();
      onSleep();
      await systemClock.sleep(0);
    },
  };
}

interface Run extends Partial<HealthOptions> {
  readonly view: FakeView;
}

/** The lines of a check. */
async function lines(run: Run): Promise<string[]> {
  const said: string[] = [];
  await collect(run, said);
  return said;
}

async function collect(run: Run, said: string[]): Promise<void> {
  const options = {
    clock: quickClock(),
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    ...run,
  };
  for await (const news of watchHealth(options)) said.push(healthText(news));
}

Deno.test("a cluster that is well passes in order", async () => {
  const said = await lines({ view: new FakeView() });
  assertEquals(said.slice(0, 5), [
    "waiting for nodes to be found: ...",
    "waiting for nodes to be found: OK",
    'discovered nodes: control plane: ["10.5.0.2"], worker: ["10.5.0.3"]',
    "waiting for etcd to be healthy: ...",
    "waiting for etcd to be healthy: OK",
  ]);
  assertEquals(
    said.at(-1),
    "waiting for all k8s nodes to report schedulable: OK",
  );
  const named = await lines({ view: new FakeView(), cluster: PAIR });
  assertEquals(
    named[0],
    'discovered nodes: control plane: ["10.5.0.2"], worker: ["10.5.0.3"]',
  );
  assertEquals(named, said.slice(2));
});

Deno.test("each reason is told once, then that it holds", async () => {
  const view = new FakeView();
  const pods = view.podList;
  view.podList = [];
  let sleeps = 0;
  const clock = quickClock(() => {
    if (++sleeps === 3) view.podList = pods.slice(0, 2);
    if (sleeps === 6) view.podList = pods;
  });
  const said = await lines({ view, cluster: PAIR, clock });
  const name = "waiting for all control plane components to be ready";
  assertEquals(said.filter((line) => line.startsWith(name)), [
    `${name}: ...`,
    `${name}: cp0 has no pod of kube-apiserver; cp0 has no pod of ` +
    "kube-controller-manager; cp0 has no pod of kube-scheduler",
    `${name}: cp0 has no pod of kube-scheduler`,
    `${name}: OK`,
  ]);
});

Deno.test("the end of the time names condition and reason", async () => {
  const view = new FakeView();
  view.broken.set("10.5.0.3", rpcError("Unavailable", "it is away"));
  const said: string[] = [];
  const error = await assertRejects(
    () => collect({ view, cluster: PAIR, timeoutMs: 5_000 }, said),
    HealthError,
    "waiting for apid to be ready: 10.5.0.3: it is away",
  );
  assertEquals(error.problem.kind, "deadlineExceeded");
  assertEquals(
    said.at(-1),
    "waiting for apid to be ready: 10.5.0.3: it is away",
  );
});

Deno.test("a look that hangs ends with the time", async () => {
  const view = new FakeView();
  view.kubeNodes = (signal?: AbortSignal) =>
    new Promise((_, reject) =>
      signal!.addEventListener("abort", () => reject(signal!.reason))
    );
  const timeoutMs = 20;
  await assertRejects(
    () => lines({ view, clock: systemClock, timeoutMs }),
    HealthError,
    "waiting for nodes to be found: the time is over",
  );
});

Deno.test("who may not look does not wait", async () => {
  const view = new FakeView();
  view.broken.set("10.5.0.2", rpcError("PermissionDenied", "no role"));
  const error = await assertRejects(
    () => lines({ view, cluster: PAIR }),
    HealthError,
    "waiting for etcd to be healthy: no role",
  );
  assertEquals(error.problem.kind, "permissionDenied");
});

Deno.test("whoever gives up ends it", async () => {
  const view = new FakeView();
  const away = { kind: "unavailable", status: 0 } as const;
  view.broken.set("kube", new KubeError(away, "nobody answers"));
  const stop = new AbortController();
  const said: string[] = [];
  const clock = quickClock(() => stop.abort(new Error("given up")));
  await assertRejects(
    () => collect({ view, clock, signal: stop.signal }, said),
    Error,
    "given up",
  );
  assertEquals(said.at(-1), "waiting for nodes to be found: nobody answers");
});

Deno.test("nodes that are labelled late are found again", async () => {
  const view = new FakeView();
  const [first, second] = view.nodeList;
  view.nodeList = [first!];
  const found = view.members.bind(view);
  view.members = (node) => {
    view.nodeList = [first!, second!];
    return found(node);
  };
  const said = await lines({ view });
  assertEquals(said.filter((line) => line.startsWith("discovered")), [
    'discovered nodes: control plane: ["10.5.0.2"], worker: []',
    'discovered nodes: control plane: ["10.5.0.2"], worker: ["10.5.0.3"]',
  ]);
});
