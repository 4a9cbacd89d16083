/** Configs by the API: what is refused, what is stored, what is applied. */
import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError, encode, type MachineConfig } from "#lib/config/mod.ts";
import { CONTROL_PLANE } from "#lib/config/sample_configs.ts";
import { createLogger } from "#lib/log.ts";
import { ApplyError, Configurator } from "./configurator.ts";
import { ConfigStore } from "./config_store.ts";

const bytes = (config: unknown) =>
  new TextEncoder().encode(encode(config as MachineConfig));
const machine = (change: object) =>
  bytes({
    ...CONTROL_PLANE,
    machine: { ...CONTROL_PLANE.machine, ...change },
  });
const READERS = [
  { name: "timed", config: ["machine.time"] },
  { name: "networkd", config: ["machine.network"] },
];

function setUp() {
  const log = createLogger(() => {});
  const store = new ConfigStore({ mode: "container", log });
  const did: string[] = [];
  const state = { busy: false };
  const configurator = new Configurator({
    store,
    log,
    vet: ({ config }) =>
      config.machine.certSANs?.includes("bad.ca")
        ? Promise.reject(new Error("bad CA"))
        : Promise.resolve(),
    readers: () => READERS,
    busy: () => state.busy,
    save: () => Promise.resolve(void did.push("save")),
    applySequence: () => did.push(`apply ${configurator.affected}`),
  });
  return { store, configurator, did, state };
}

/** With a config already. */
async function running() {
  const made = setUp();
  await made.configurator.apply(machine({}), { noReboot: false });
  return made;
}

Deno.test("the first config wakes the node, the sequences do the rest", async () => {
  const { store, configurator, did } = setUp();
  const arrival = store.arrival(new AbortController().signal);
  await configurator.apply(machine({}), { noReboot: false });
  await arrival;
  assertEquals(store.held?.config.machine.type, "controlplane");
  assertEquals(did, []);
});

Deno.test("the first config must have a CA that can issue", async () => {
  const { store, configurator } = setUp();
  const bad = machine({ certSANs: ["bad.ca"] });
  await assertRejects(
    () => configurator.apply(bad, { noReboot: false }),
    Error,
    "bad CA",
  );
  assertEquals(store.held, undefined);
});

Deno.test("a config with problems changes nothing, and all are told", async () => {
  const { store, configurator, did } = await running();
  const before = store.held;
  const text = "version: v1alpha1\nmachine:\n  tpye: join\n  time: 3\n";
  const error = await assertRejects(
    () =>
      configurator.apply(new TextEncoder().encode(text), { noReboot: false }),
    ConfigError,
    'unknown key "tpye"',
  );
  const lines = error.problem.problems.map(({ line }) => line);
  assertEquals(lines.includes(3) && lines.includes(4), true);
  assertEquals(store.held, before);
  assertEquals(did, []);
});

Deno.test("applying saves first and restarts whom it concerns", async () => {
  const { store, configurator, did } = await running();
  const next = machine({ time: { servers: ["10.0.0.1"] } });
  await configurator.apply(next, { noReboot: false });
  assertEquals(did, ["save", "apply timed"]);
  assertEquals(store.held?.source, next);
});

Deno.test("no_reboot stores for the next boot only", async () => {
  const { store, configurator, did } = await running();
  const before = store.held;
  const next = machine({ time: { servers: ["10.0.0.1"] } });
  await configurator.apply(next, { noReboot: true });
  assertEquals(did, ["save"]);
  assertEquals(store.held, before);
});

Deno.test("who the node is cannot change, and one sequence runs at a time", async () => {
  const { configurator, did, state } = await running();
  await assertRejects(
    () => configurator.apply(machine({ type: "init" }), { noReboot: false }),
    ApplyError,
    "machine.type cannot change on a node that runs",
  );
  state.busy = true;
  await assertRejects(
    () =>
      configurator.apply(machine({ time: { servers: ["10.0.0.1"] } }), {
        noReboot: false,
      }),
    ApplyError,
    "locked",
  );
  assertEquals(did, []);
});

Deno.test("two configs at once: one is taken, the other told to come again", async () => {
  for (const first of [setUp(), await running()]) {
    const { configurator, store } = first;
    const one = machine({ time: { servers: ["10.0.0.1"] } });
    const two = machine({ time: { servers: ["10.0.0.2"] } });
    const applied = configurator.apply(one, { noReboot: false });
    await assertRejects(
      () => configurator.apply(two, { noReboot: false }),
      ApplyError,
      "locked",
    );
    await applied;
    assertEquals(store.held?.source, one);
    // Neither a success nor a failure keeps the door shut.
    await assertRejects(
      () => configurator.apply(machine({ type: "init" }), { noReboot: false }),
      ApplyError,
      "cannot change",
    );
    await configurator.apply(two, { noReboot: false });
    assertEquals(store.held?.source, two);
  }
});
