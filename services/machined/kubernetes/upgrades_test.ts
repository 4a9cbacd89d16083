/** The upgrade of a node: its order, what stops it, and who may follow. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  effective,
  encode,
  generateConfig,
  generateSecrets,
  load,
  type MachineType,
} from "#lib/config/mod.ts";
import { COMPONENTS } from "#lib/kube/control_plane.ts";
import { createLogger } from "#lib/log.ts";
import { ApplyError } from "../configurator.ts";
import { FakeClock } from "../supervisor/fake.ts";
import type { KubernetesInput } from "./input.ts";
import { RolloutError } from "./rollout.ts";
import { UpgradeRefused } from "./upgrade_plan.ts";
import { Upgrades } from "./upgrades.ts";

const OLD = "v1.37.1", NEW = "v1.37.2";
const CALL = { to: NEW, from: "", endpoint: "" };
const secrets = await generateSecrets({ algorithm: "ECDSA-P256" });
const { signal } = new AbortController();

/** The images of a config, by component. */
function imagesIn({ cluster }: KubernetesInput["config"]) {
  return {
    "kube-apiserver": cluster.apiServer.image,
    "kube-controller-manager": cluster.controllerManager.image,
    "kube-scheduler": cluster.scheduler.image,
    "kube-proxy": cluster.proxy.image,
  };
}

function pod(component: string, nodeName: string, image: string) {
  return {
    metadata: { name: `${component}-${nodeName}` },
    spec: { nodeName, containers: [{ name: component, image }] },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
}

function node(name: string, address: string) {
  return {
    metadata: { name },
    status: {
      addresses: address === "" ? [] : [{ type: "InternalIP", address }],
    },
  };
}

/** A cluster of t-1, which is this node, and others; what is applied runs. */
class FakeCluster {
  readonly did: string[] = [];
  /** Versions of the other control planes. */
  others: Record<string, string> = {};
  proxy = OLD;
  missing = "";
  /** But for its end. */
  address = "10.5.0.";
  busy = 0;
  problem: unknown;
  /** Applied, and yet it does not run. */
  stuck = false;
  source: Uint8Array;

  constructor(readonly type: MachineType = "controlplane") {
    const options = { clusterName: "t", endpoint: "https://10.5.0.1:6443" };
    const text = encode(
      generateConfig(type, { ...options, kubernetesVersion: OLD }, secrets),
    );
    this.source = new TextEncoder().encode(text);
  }

  get config() {
    return effective(load(this.source, "container").config);
  }

  upgrades(configured = true): Upgrades {
    const { did } = this;
    return new Upgrades({
      input: () =>
        configured
          ? {
            ...{ config: this.config, hostname: "t-1", mode: "container" },
            addresses: ["10.5.0.2"],
          }
          : undefined,
      source: () => this.source,
      apply: (source) => this.#apply(source),
      health: {
        check: async function* () {
          did.push("health");
          const common = { kind: "condition", condition: "etcd" } as const;
          yield { ...common, state: "ok", reason: "", elapsedMs: 0 };
        },
      },
      pull: (image) => {
        if (image.includes(this.missing || "?")) {
          return Promise.reject(new Error(`no ${image}`));
        }
        did.push(`pull ${image.slice(image.lastIndexOf("/") + 1)}`);
        return Promise.resolve();
      },
      keeperProblem: () => this.problem,
      connect: () => ({
        send: ({ path }) => {
          const { body } = new Response(JSON.stringify(this.#answer(path)));
          return Promise.resolve({ status: 200, body });
        },
        close: () => {},
      }),
      clock: new FakeClock(),
      log: createLogger(() => {}),
      life: signal,
    });
  }

  #apply(source: Uint8Array): Promise<void> {
    if (this.busy-- > 0) {
      return Promise.reject(new ApplyError({ kind: "unavailable" }));
    }
    const before = imagesIn(this.config);
    this.source = source;
    const after = imagesIn(this.config);
    for (const name of Object.keys(after) as (keyof typeof after)[]) {
      if (after[name] !== before[name]) this.did.push(`change ${name}`);
    }
    return Promise.resolve();
  }

  #answer(path: string): unknown {
    const masters = ["t-1", ...Object.keys(this.others)];
    if (path.startsWith("/api/v1/nodes")) {
      const { address } = this;
      const items = masters.map((name, at) =>
        node(name, address && `${address}${at + 2}`)
      );
      return { items };
    }
    const images = imagesIn(this.config);
    const proxy = images["kube-proxy"].endsWith(NEW) ? NEW : this.proxy;
    const proxyImage = `registry.k8s.io/kube-proxy:${proxy}`;
    if (path.includes("/daemonsets/")) {
      const containers = [{ name: "kube-proxy", image: proxyImage }];
      return { spec: { template: { spec: { containers } } } };
    }
    const app = /k8s-app%3D([\w-]+)/.exec(path)![1]! as keyof typeof images;
    const items = masters.map((name) => {
      if (app === "kube-proxy") return pod(app, name, proxyImage);
      const own = this.stuck ? `${app}:${OLD}` : images[app];
      return pod(
        app,
        name,
        name === "t-1" ? own : `${app}:${this.others[name]}`,
      );
    });
    return { items };
  }
}

/** Follows it to its end; what it told was done. */
async function done(upgrades: Upgrades, call = CALL): Promise<string[]> {
  const told: string[] = [];
  for await (const progress of upgrades.follow(call, signal)) {
    if (progress.done) told.push(`${progress.kind} ${progress.name}`);
  }
  return told;
}

const CHANGES = COMPONENTS.map((name) => `change ${name}`);
const PULLS = COMPONENTS.map((name) => `pull ${name}:${NEW}`);

Deno.test("upgrade: images, health, one component at a time, health", async () => {
  const cluster = new FakeCluster();
  const upgrades = cluster.upgrades();
  assertEquals(
    (await upgrades.plan(CALL, signal)).steps.map(({ node, component }) =>
      `${node} ${component}`
    ),
    [...COMPONENTS.map((name) => `t-1 ${name}`), " kube-proxy"],
  );
  assertEquals(cluster.did, []);
  const told = await done(upgrades);
  assertEquals(cluster.did, [
    ...[...PULLS, `pull kube-proxy:${NEW}`, "health"],
    ...[...CHANGES, "change kube-proxy", "health"],
  ]);
  assertEquals(told.slice(-4), [
    "component kube-controller-manager",
    "component kube-scheduler",
    "component kube-proxy",
    "condition etcd",
  ]);
  cluster.did.length = 0;
  await done(upgrades);
  assertEquals(cluster.did, ["health"]);
});

Deno.test("upgrade: kube-proxy waits for all control planes, then for all configs", async () => {
  const cluster = new FakeCluster();
  cluster.others = { "t-2": OLD };
  const upgrades = cluster.upgrades();
  await done(upgrades);
  assertEquals(cluster.did, [...PULLS, "health", ...CHANGES, "health"]);
  // The other one has done its part, and kube-proxy with it.
  cluster.others = { "t-2": NEW };
  cluster.proxy = NEW;
  cluster.did.length = 0;
  await done(upgrades);
  assertEquals(cluster.did, [
    ...[`pull kube-proxy:${NEW}`, "health", "change kube-proxy", "health"],
  ]);
});

Deno.test("upgrade: what is refused changes nothing", async () => {
  const cluster = new FakeCluster();
  const upgrades = cluster.upgrades();
  const check = async (call: Partial<typeof CALL>, why: string) => {
    for (
      const ask of [
        () => upgrades.plan({ ...CALL, ...call }, signal),
        () => done(upgrades, { ...CALL, ...call }),
      ]
    ) await assertRejects(ask, UpgradeRefused, why);
  };
  await check({ to: "v1.37.0" }, "there is no way back");
  await check({ to: "newest" }, "not a release of Kubernetes");
  await check({ from: "v1.36.1" }, "runs v1.37.1, not v1.36.1");
  cluster.address = "";
  await assertRejects(
    () => upgrades.plan(CALL, signal),
    UpgradeRefused,
    "t-1 has no address yet",
  );
  cluster.address = "10.5.0.";
  cluster.missing = "kube-scheduler";
  await assertRejects(() => done(upgrades), Error, "no registry.k8s.io/kube-s");
  assertEquals(cluster.did, PULLS.slice(0, 2));
  for (
    const [who, why] of [
      [new FakeCluster("join").upgrades(), "this node is a worker"],
      [new FakeCluster().upgrades(false), "this node has no config yet"],
    ] as const
  ) {
    await assertRejects(() => who.plan(CALL, signal), UpgradeRefused, why);
    await assertRejects(() => done(who), UpgradeRefused, why);
  }
});

Deno.test("upgrade: a component that is lost ends it, asked again it goes on", async () => {
  const cluster = new FakeCluster();
  cluster.stuck = true;
  cluster.problem = new RolloutError("kube-apiserver", "CrashLoopBackOff");
  const upgrades = cluster.upgrades();
  await assertRejects(() => done(upgrades), RolloutError, "CrashLoopBackOff");
  assertEquals(cluster.did.slice(-2), ["health", "change kube-apiserver"]);
  cluster.problem = new Error("disk full");
  await assertRejects(
    () => done(upgrades),
    Error,
    "kube-apiserver v1.37.2 does not serve after 360 s: t-1 runs the one before; disk full",
  );
  cluster.problem = undefined;
  cluster.stuck = false;
  cluster.did.length = 0;
  await done(upgrades);
  assertEquals(cluster.did.filter((what) => what.startsWith("change")), [
    ...[...CHANGES.slice(1), "change kube-proxy"],
  ]);
});

Deno.test("upgrade: a node that is busy is asked again", async () => {
  const cluster = new FakeCluster();
  cluster.busy = 3;
  await done(cluster.upgrades());
  assertEquals(cluster.did.at(-2), "change kube-proxy");
});

Deno.test("upgrade: one at a time, for any number of followers", async () => {
  const cluster = new FakeCluster();
  const upgrades = cluster.upgrades();
  const left = new AbortController();
  const first = upgrades.follow(CALL, left.signal);
  await first.next();
  const other = { ...CALL, to: "v1.37.3" };
  await assertRejects(
    () => done(upgrades, other),
    UpgradeRefused,
    "this node is on its way to v1.37.2",
  );
  const second = done(upgrades, { ...CALL, to: "1.37.2" });
  left.abort(new Error("gone"));
  await first.return(undefined);
  assert((await second).includes("component kube-proxy"));
  assertEquals(cluster.did.filter((what) => what === "health").length, 2);
});
