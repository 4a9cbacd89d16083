/** A running node takes a new config in place, and goes down when told to. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { TestCluster } from "#tests/cluster.ts";
import { eventually } from "#tests/eventually.ts";
import { services } from "#tests/machine_client.ts";
import { processesBelow } from "#tests/node_processes.ts";

/** When the present run of each daemon began. */
async function runsOf(init: number): Promise<Map<string, number>> {
  const runs = new Map<string, number>();
  for (const { id, events } of await services(init)) {
    const starts = events!.events.filter(({ msg }) =>
      msg.startsWith("Started task")
    );
    const last = starts.at(-1);
    if (last) runs.set(id, timestampMs(last.ts!));
  }
  return runs;
}

Deno.test("apply-config and shutdown", async (t) => {
  await using cluster = await TestCluster.create({
    name: "t-apply",
    cidr: "10.5.107.0/24",
    workers: 0,
  });
  const init = await cluster.initPid(0);
  const node = cluster.nodes[0]!;
  const stored = `/proc/${init}/root/system/state/config.yaml`;
  const good = await Deno.readTextFile(stored);
  const apply = async (text: string, ...flags: string[]) => {
    const file = await Deno.makeTempFile({ suffix: ".yaml" });
    await Deno.writeTextFile(file, text);
    const args = ["-n", node, "apply-config", "-f", file, ...flags];
    const { code, stderr } = await cluster.talosctl(args);
    await Deno.remove(file);
    assertEquals([code, stderr], [0, ""]);
  };
  const servers = (text: string, address: string) =>
    text.replace(/(^ *servers:\s*\n\s*- )\S+/m, `$1${address}`);

  await t.step("only what the change concerns starts again", async () => {
    const before = await runsOf(init);
    const changed = servers(good, "10.5.107.77");
    assert(changed !== good, "the config names no time server");
    await apply(changed);
    await eventually(async () => {
      const now = await runsOf(init);
      return now.get("timed")! > before.get("timed")!;
    }, { what: "timed starts again" });
    const now = await runsOf(init);
    for (const [id, at] of before) {
      if (id !== "timed") assertEquals(now.get(id), at, id);
    }
    assertStringIncludes(await Deno.readTextFile(stored), "10.5.107.77");
    const time = await cluster.talosctl(["-n", node, "time"]);
    assertStringIncludes(time.stdout + time.stderr, "10.5.107.77");
  });

  await t.step("--no-reboot only stores", async () => {
    const before = await runsOf(init);
    await apply(servers(good, "10.5.107.78"), "--no-reboot");
    assertStringIncludes(await Deno.readTextFile(stored), "10.5.107.78");
    assertEquals(await runsOf(init), before);
  });

  await t.step("shutdown ends the node with all its processes", async () => {
    const pids = processesBelow(init).map(({ pid }) => pid);
    assert(pids.length > 4);
    const { code } = await cluster.talosctl(["-n", node, "shutdown"]);
    assertEquals(code, 0);
    await eventually(
      () => processesBelow(init).length === 0,
      { what: "the node is gone", withinMs: 30_000 },
    );
    const alive = pids.filter((pid) => {
      try {
        return Deno.statSync(`/proc/${pid}`).isDirectory;
      } catch {
        return false;
      }
    });
    assertEquals(alive, []);
  });
});
