/** What etcd begins with: data, a living cluster, a snapshot, nothing. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Containerd } from "#lib/containerd/client.ts";
import { effective, generateConfig, generateSecrets } from "#lib/config/mod.ts";
import { chainOf } from "#lib/errors.ts";
import { createLogger } from "#lib/log.ts";
import { ServiceLogs } from "#lib/log_store.ts";
import type { Images } from "../images.ts";
import { MemoryFiles } from "../files.ts";
import { FakeClock } from "../supervisor/fake.ts";
import { etcdSpec } from "./etcd.ts";

const secrets = await generateSecrets({ algorithm: "ECDSA-P256" });
const config = effective(generateConfig("controlplane", {
  clusterName: "test",
  endpoint: "https://10.5.0.1:6443",
}, secrets));

/** Prepares a run of etcd; what was looked at and done, in order. */
async function prepare(
  { data = false, living = false, order = false, fails, asked = false }: {
    data?: boolean;
    living?: boolean;
    order?: boolean;
    fails?: Error;
    asked?: boolean;
  },
): Promise<{ did: string[]; told: string[]; thrown: unknown }> {
  const did: string[] = [];
  const told: string[] = [];
  const files = new MemoryFiles();
  if (data) await files.mkdir("/var/lib/etcd/member", 0o700);
  const clock = new FakeClock();
  const life = new AbortController();
  const member = { name: "other", peerURLs: ["https://10.5.0.3:2380"] };
  const members = () => Promise.resolve([member] as never);
  const spec = etcdSpec({
    input: () => ({
      ...{ config, hostname: "test-1", addresses: ["10.5.0.2"] },
      mode: "container",
    }),
    ...{ files, clock, log: createLogger(() => {}) },
    peers: {
      addresses: () => Promise.resolve(living ? ["10.5.0.3"] : []),
      connect: () => ({
        ...{ members, addLearner: members, promote: () => Promise.resolve() },
        [Symbol.dispose]() {},
      }),
    },
    bootstrap: {
      wanted: () => (did.push("wanted?"), asked),
      asked: () => Promise.resolve(life.abort(new Error("over"))),
    },
    recovery: {
      tidy: ({ hasData }) => {
        did.push(hasData ? "tidy all" : "tidy");
        return Promise.resolve();
      },
      carryOut: () => {
        did.push("restore?");
        return fails ? Promise.reject(fails) : Promise.resolve(order);
      },
    },
    probe: () => Promise.resolve(),
  }, {
    containerd: {} as Containerd,
    images: { provide: () => Promise.resolve({}) } as unknown as Images,
    sys: { mknod: () => {} },
    ...{ clock, logs: new ServiceLogs() },
  });
  const pre = spec.pre!(life.signal, (text) => told.push(text));
  const thrown = await pre.then(() => undefined, (thrown) => thrown);
  life.abort(new Error("the test is over"));
  return { did, told, thrown };
}

Deno.test("etcd: with data nothing else is looked at", async () => {
  const { did } = await prepare({ data: true, order: true, asked: true });
  assertEquals(did, ["tidy all"]);
});

Deno.test("etcd: a cluster that lives comes before a snapshot", async () => {
  const { did } = await prepare({ living: true, order: true, asked: true });
  assertEquals(did, ["tidy", "tidy all"]);
});

Deno.test("etcd: a snapshot comes before an empty cluster", async () => {
  const { did } = await prepare({ order: true, asked: true });
  assertEquals(did, ["tidy", "restore?"]);
  const without = await prepare({ asked: true });
  assertEquals(without.did, ["tidy", "restore?", "wanted?"]);
});

Deno.test("etcd: a restore that fails is told, nothing else begins", async () => {
  const fails = new Error("etcdutl ended with exit code 1");
  const { did, thrown } = await prepare({ fails, asked: true });
  assertEquals(did, ["tidy", "restore?"]);
  assertEquals(
    chainOf(thrown),
    "Cannot restore the snapshot: etcdutl ended with exit code 1",
  );
});

Deno.test("etcd: otherwise it waits, and says for what", async () => {
  const { told, thrown } = await prepare({});
  assertEquals(told, [
    "Waiting to join, or for bootstrap: no control plane is listed",
  ]);
  await assertRejects(() => Promise.reject(thrown), Error, "over");
});
