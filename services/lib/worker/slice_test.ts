/** Tests of the config slice of a daemon. */
import { assertEquals } from "@std/assert";
import { sliceConfig } from "./slice.ts";

const CONFIG = {
  version: "v1alpha1",
  machine: {
    type: "join",
    token: "secret",
    time: { servers: ["a"], disabled: false },
    network: { hostname: "n" },
  },
  cluster: { controlPlane: { endpoint: "https://h:6443" } },
};

const CASES: readonly { paths: string[]; want: unknown }[] = [
  { paths: [], want: {} },
  { paths: ["machine.none", "x.y", "version.length"], want: {} },
  { paths: ["machine.type"], want: { machine: { type: "join" } } },
  {
    paths: ["machine.time.servers", "machine.type", "version"],
    want: {
      machine: { time: { servers: ["a"] }, type: "join" },
      version: "v1alpha1",
    },
  },
  {
    paths: ["machine.time", "machine.time.servers"],
    want: { machine: { time: CONFIG.machine.time } },
  },
  { paths: ["*"], want: CONFIG },
  { paths: ["__proto__.polluted", "constructor"], want: {} },
];

Deno.test("sliceConfig() picks exactly the named paths", async (t) => {
  const before = structuredClone(CONFIG);
  for (const { paths, want } of CASES) {
    await t.step(
      JSON.stringify(paths),
      () => assertEquals<unknown>(sliceConfig(CONFIG, paths), want),
    );
  }
  assertEquals(CONFIG, before);
});
