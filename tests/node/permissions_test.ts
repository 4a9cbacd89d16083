/**
 * The permission matrix, tried from inside each running worker of a live node:
 * what its manifest does not grant is refused.
 */
import { assertEquals } from "@std/assert";
import type { Manifest } from "#lib/worker/manifest.ts";
import { TestCluster } from "#tests/cluster.ts";
import { serviceLog } from "#tests/machine_client.ts";
import { eventually } from "#tests/eventually.ts";
import { hostProcess } from "#tests/node_processes.ts";
import {
  ATTEMPTED,
  buildProbeImage,
  type ProbeAction,
  probeSignal,
} from "#tests/probe_image.ts";
import { MANIFESTS } from "../../services/machined/manifests.ts";

const SANDBOXED = MANIFESTS.filter(({ host }) =>
  host === "edge" || host === "node"
);
const MATRIX: ProbeAction = "matrix";

/** Whether the manifest grants the permission that an attempt needs. */
function granted(manifest: Manifest, name: string): boolean {
  const [kind, value] = ATTEMPTED[name]!;
  if (kind === "all" || kind === "escalate") return false;
  const list = manifest.permissions[kind];
  if (list === undefined) return false;
  if (list === true) return true;
  return list.some((entry) => value === entry || value.startsWith(`${entry}/`));
}

Deno.test("what a manifest does not grant is refused in the live worker", async (t) => {
  await using cluster = await TestCluster.create({
    name: "t-perm",
    cidr: "10.5.103.0/24",
    workers: 0,
    flags: [`--image=${await buildProbeImage()}`],
  });
  const init = await cluster.initPid(0);
  for (const manifest of SANDBOXED) {
    await t.step(manifest.name, async () => {
      const { host, signal } = probeSignal(manifest.name, MATRIX);
      Deno.kill(hostProcess(init, host)!.pid, signal);
      const results = await eventually(
        async () => matrixIn(await serviceLog(init, manifest.name)),
        { what: "the end of the matrix", withinMs: 30_000 },
      );
      const wanted = Object.keys(ATTEMPTED).map((name) => [
        name,
        granted(manifest, name) ? "allowed" : "refused",
      ]);
      assertEquals(
        results.map(([name, result]) => [name, result!.split(":")[0]]),
        wanted,
      );
    });
  }
});

/** The attempts and results in a log; undefined until the last is there. */
function matrixIn(log: string): string[][] | undefined {
  const results = [...log.matchAll(/probe (\[.*\])/g)]
    .map(([, json]) => JSON.parse(json!) as string[]);
  return results.at(-1)?.[0] === "end" ? results.slice(0, -1) : undefined;
}
