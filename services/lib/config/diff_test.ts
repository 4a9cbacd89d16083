/** Slices of a config, and what a change concerns. */
import { assertEquals } from "@std/assert";
import { effective } from "./defaults.ts";
import { affected, diff, planApply } from "./diff.ts";
import { CONTROL_PLANE } from "./sample_configs.ts";
import { select } from "./select.ts";
import type { MachineConfig } from "./v1alpha1/types.ts";

const CONFIG = effective(CONTROL_PLANE as MachineConfig);

Deno.test("select: only the named paths, in the shape of the whole", () => {
  assertEquals(
    select(CONFIG, [
      "machine.time",
      "machine.type",
      "cluster.controlPlane.endpoint",
      "machine.disks",
    ]),
    {
      machine: {
        type: "controlplane",
        time: { disabled: false, servers: ["pool.ntp.org"] },
      },
      cluster: { controlPlane: { endpoint: "https://10.5.0.2:6443" } },
    } as ReturnType<typeof select<typeof CONFIG>>,
  );
  assertEquals(
    Object.keys(select(CONFIG, ["machine.ca.crt", "machine"]).machine!)
      .includes("token"),
    true,
  );
  assertEquals(select(CONFIG, ["machine.toString", "nothing"]), {});
});

Deno.test("select: never the original, which others share", () => {
  const slice = select(CONFIG, ["machine.ca.crt", "machine.type"]);
  assertEquals(Object.keys(slice.machine!.ca!), ["crt"]);
  assertEquals(Object.keys(CONFIG.machine.ca!), ["crt", "key"]);
});

const READERS = [
  { name: "timed", config: ["machine.time"] },
  { name: "networkd", config: ["machine.network", "machine.type"] },
  { name: "apid", config: ["machine.ca.crt", "machine.certSANs"] },
];

Deno.test("diff and affected", async (t) => {
  const { machine } = CONFIG;
  const cases: [string, typeof CONFIG, string[], string[]][] = [
    ["nothing", structuredClone(CONFIG), [], []],
    [
      "a server",
      {
        ...CONFIG,
        machine: { ...machine, time: { disabled: false, servers: ["a"] } },
      },
      ["machine.time.servers"],
      ["timed"],
    ],
    [
      "a new SAN and a key that nobody reads",
      { ...CONFIG, debug: true, machine: { ...machine, certSANs: ["a"] } },
      ["debug", "machine.certSANs"],
      ["apid"],
    ],
    [
      "a registry with an odd name",
      {
        ...CONFIG,
        machine: {
          ...machine,
          registries: { mirrors: { "a.b:5000": { endpoints: [] } } },
        },
      },
      ["machine.registries.mirrors"],
      [],
    ],
    [
      "the role",
      { ...CONFIG, machine: { ...machine, type: "join" } },
      ["machine.type"],
      ["networkd"],
    ],
  ];
  for (const [name, after, paths, names] of cases) {
    await t.step(name, () => {
      assertEquals(diff(CONFIG, after), paths);
      assertEquals(affected(paths, READERS), names);
    });
  }
});

Deno.test("planApply: identity needs a new node", () => {
  const after = {
    ...CONFIG,
    machine: { ...CONFIG.machine, type: "join", typex: 1, time: {} },
  };
  assertEquals(planApply(CONFIG, after, READERS), {
    changes: [
      "machine.time.disabled",
      "machine.time.servers",
      "machine.type",
      "machine.typex",
    ],
    affected: ["timed", "networkd"],
    reboot: ["machine.type"],
  });
});
