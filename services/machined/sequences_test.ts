/** All sequences for each mode and machine type, as text that people review. */
import { assert, assertEquals } from "@std/assert";
import {
  phasesOf,
  type SequenceName,
  type SequenceNode,
  SEQUENCES,
} from "./sequences.ts";

const SNAPSHOT = new URL("./sequences.snapshot.txt", import.meta.url);

const NODES: readonly SequenceNode[] = [
  { mode: "container", type: "controlplane", installed: false },
  { mode: "container", type: "join", installed: false },
  { mode: "metal", type: "init", installed: false },
  { mode: "metal", type: "controlplane", installed: true },
  { mode: "metal", type: "join", installed: true },
];

/** Options worth a list of their own. */
const OPTIONS = {
  reset: [{}, { graceful: true, reboot: true }, { partitions: ["EPHEMERAL"] }],
  upgrade: [{}, { preserve: true }],
  stageUpgrade: [{}, { preserve: true }],
};

function printed(): string {
  const lines: string[] = [];
  for (const node of NODES) {
    const installed = node.installed ? ", installed" : "";
    lines.push(`## ${node.mode}, ${node.type}${installed}`);
    for (const name of Object.keys(SEQUENCES) as SequenceName[]) {
      for (const options of OPTIONS[name as "reset"] ?? [{}]) {
        const phases = phasesOf(name, node, options);
        const said = Object.keys(options).length === 0
          ? ""
          : ` ${JSON.stringify(options)}`;
        lines.push(`${name}${said}${phases.length === 0 ? " (none)" : ""}`);
        lines.push(
          ...phases.map((p) => `  ${p.name}: ${p.tasks.join(", ")}`),
        );
      }
    }
    lines.push("");
  }
  return lines.join("\n");
}

Deno.test("the sequences are those of the snapshot", async () => {
  const text = printed();
  if (Deno.env.get("UPDATE_SNAPSHOTS")) {
    await Deno.writeTextFile(SNAPSHOT, text);
  }
  assertEquals(
    text.split("\n"),
    (await Deno.readTextFile(SNAPSHOT)).split("\n"),
  );
});

Deno.test("numbers are the order of the seed era", () => {
  assertEquals(Object.values(SEQUENCES), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

Deno.test("in a container nothing reboots, installs or upgrades", () => {
  for (const node of NODES.filter(({ mode }) => mode === "container")) {
    for (const name of Object.keys(SEQUENCES) as SequenceName[]) {
      const tasks = phasesOf(name, node).flatMap(({ tasks }) => tasks);
      assert(!tasks.includes("reboot"), name);
      assert(!tasks.includes("install"), name);
    }
    assertEquals(phasesOf("upgrade", node), []);
  }
});
