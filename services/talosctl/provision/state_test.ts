/** The record of a cluster and its lock. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { PlanError } from "./plan.ts";
import { type ClusterRecord, ProvisionError } from "./provision.ts";
import { loadRecord, lockState, saveRecord, statePaths } from "./state.ts";

const RECORD: ClusterRecord = {
  provisioner: "container",
  status: "creating",
  name: "c",
  id: "talos2e7d2c03",
  image: "/image",
  network: {
    bridge: "talos2e7d2c03",
    cidr: "10.5.0.0/24",
    gateway: "10.5.0.1",
    prefix: 24,
    mtu: 1500,
  },
  nodes: [],
};

async function inState(check: (state: string) => Promise<void>) {
  const state = await Deno.makeTempDir();
  try {
    await check(state);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

Deno.test("a record is read as it was written", () =>
  inState(async (state) => {
    const paths = statePaths(state, "c");
    assertEquals(await loadRecord(paths), undefined);
    using _lock = await lockState(paths);
    await saveRecord(paths, RECORD);
    assertEquals(await loadRecord(paths), RECORD);
    const { mode } = await Deno.stat(paths.record);
    assertEquals(mode! & 0o777, 0o600);
  }));

const DAMAGED = ["", "a: [", "just text", "name: c\n", "[]", "&a [*a, *a]"];

Deno.test("a damaged record is an error with its path", async (t) => {
  for (const text of DAMAGED) {
    await t.step(JSON.stringify(text), () =>
      inState(async (state) => {
        const paths = statePaths(state, "c");
        await Deno.mkdir(paths.dir);
        await Deno.writeTextFile(paths.record, text);
        await assertRejects(
          () => loadRecord(paths),
          ProvisionError,
          `Cannot read "${paths.record}"`,
        );
      }));
  }
});

Deno.test("lockState survives the removal of what it waited for", () =>
  inState(async (state) => {
    const paths = statePaths(state, "c");
    const first = await lockState(paths);
    const second = lockState(paths);
    await Deno.remove(paths.dir, { recursive: true });
    first[Symbol.dispose]();
    using _held = await second;
    assertEquals((await Deno.stat(paths.dir)).isDirectory, true);
  }));

Deno.test("statePaths never leaves the state directory", () => {
  assertThrows(() => statePaths("/state", "../x"), PlanError);
});
