/**
 * Three control planes lose one, with all that is on it, and nothing stops: a
 * counter is written throughout, and no value that was taken is lost. The
 * short form kills one control plane, `--full` each in turn.
 */
import { assert, assertEquals } from "@std/assert";
import { etcdSteps } from "#tests/etcd_steps.ts";
import { eventually } from "#tests/eventually.ts";
import { KubeCluster } from "#tests/kube_cluster.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const READY_MS = 300_000;
/** The limit: writes go on within this. */
const OUTAGE_MS = 30_000;
const COUNTER = "counter";

/** Writes ever higher numbers; knows the longest time between two. */
class Counter {
  readonly #kube: KubeCluster;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #value = 0;
  #written = 0;
  #last = performance.now();
  #longestMs = 0;

  constructor(kube: KubeCluster) {
    this.#kube = kube;
    this.#done = this.#run();
  }

  /** The last value that the API server took. */
  get written(): number {
    return this.#written;
  }

  /** The longest time without a write since the last call. */
  takeLongestMs(): number {
    const longest = Math.max(this.#longestMs, performance.now() - this.#last);
    this.#longestMs = 0;
    return longest;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const patch = JSON.stringify({ data: { value: `${++this.#value}` } });
      const { code } = await this.#kube.try([
        ...["patch", "configmap", COUNTER, "--type=merge", "-p", patch],
        "--request-timeout=3s",
      ]);
      if (code !== 0) continue;
      const now = performance.now();
      this.#longestMs = Math.max(this.#longestMs, now - this.#last);
      this.#last = now;
      this.#written = this.#value;
    }
  }
}

async function valueOf(kube: KubeCluster): Promise<number> {
  const path = "jsonpath={.data.value}";
  return Number(
    await kube.kubectl("get", "configmap", COUNTER, "-o", path),
  );
}

Deno.test("three control planes, one worker", async (t) => {
  await using kube = await KubeCluster.create({
    name: "t-three",
    cidr: "10.5.121.0/24",
    masters: 3,
    // As the seed era began clusters.
    flags: ["--with-init-node"],
  });
  const { cluster } = kube;
  await kube.apply({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: COUNTER },
    data: { value: "0" },
  });
  const counter = new Counter(kube);
  try {
    await etcdSteps(t, cluster);
    // The first one too: the endpoint is not its address.
    for (const victim of FULL ? [0, 1, 2] : [0]) {
      const name = cluster.nodeName(victim);
      await t.step(`${name} dies, and writes go on`, async () => {
        const before = counter.written;
        counter.takeLongestMs();
        await cluster.kill(victim);
        await eventually(() => counter.written > before + 20, {
          withinMs: 2 * OUTAGE_MS,
          what: "twenty more writes",
        });
        const longest = counter.takeLongestMs();
        assert(longest < OUTAGE_MS, `no write for ${longest} ms`);
      });
      await t.step(`${name} comes back by itself`, async () => {
        await eventually(async () => {
          const nodes = await kube.nodes();
          return nodes.some((one) => one.name === name && !one.ready);
        }, { withinMs: 120_000, what: "the death to be noticed" });
        await cluster.start();
        await kube.untilReady(4, READY_MS);
        await eventually(async () => {
          const { stdout } = await cluster.talosctl([
            ...["-n", cluster.nodes[victim]!, "service", "etcd"],
          ]);
          return /STATE\s+Running/.test(stdout) && /HEALTH\s+OK/.test(stdout);
        }, { withinMs: READY_MS, what: `etcd on ${name}` });
      });
    }
  } finally {
    await counter.stop();
  }
  await t.step("no value that was taken is lost", async () => {
    const value = await valueOf(kube);
    // The one that was under way may have been taken without an answer.
    assert(value >= counter.written, `${value} of ${counter.written}`);
    assertEquals(value > 20, true);
  });
});
