/**
 * The permission matrix, tried from inside: for every daemon a probe runs in a
 * real host with the daemon's own manifest, next to its real neighbours'
 * permissions, and attempts everything.
 */
import { assertEquals } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import { TestContainerd } from "#tests/containerd.ts";
import { bundleWorkers, containerBench } from "#tests/hosts.ts";
import { TestHost } from "#tests/host_suite.ts";
import type { Manifest } from "#lib/worker/manifest.ts";
import {
  PERMISSION_KINDS,
  type PermissionKind,
} from "#lib/worker/permissions.ts";
import { hostsOf } from "../../services/machined/units/hosts.ts";
import type { Attempt } from "../fixtures/workers/probe.ts";

/** One of each kind that no list grants. */
const STRANGERS: Record<PermissionKind, string> = {
  read: "/usr/bin",
  write: "/usr/bin",
  net: "127.0.0.1:9",
  env: "PATH",
  run: "/bin/true",
  ffi: "/lib/x86_64-linux-gnu/libm.so.6",
  sys: "hostname",
};

/** Ways around, which nobody may go. */
const ESCAPES: readonly Attempt[] = [
  { kind: "nodeRead", name: "/etc/passwd" },
  { kind: "importFile", name: "/etc/passwd" },
  { kind: "importRemote", name: "http://127.0.0.1:9/x.js" },
  { kind: "workerMore", name: "" },
  { kind: "workerInherits", name: "" },
  { kind: "nodeWorker", name: "" },
  { kind: "inspector", name: "" },
];

/** Attempts for one manifest with what must come of each. */
function expected({ permissions }: Manifest) {
  const rows: { attempt: Attempt; want: "refused" | "allowed" }[] = [];
  for (const kind of PERMISSION_KINDS) {
    const granted = permissions[kind];
    const want = granted === true ? "allowed" : "refused";
    rows.push({ attempt: { kind, name: STRANGERS[kind] }, want });
    for (const name of Array.isArray(granted) ? granted : []) {
      // Sockets and address ranges are no hosts that can be asked for.
      if (kind === "net" && /^unix:|\//.test(name)) continue;
      rows.push({
        attempt: { kind: "query", name: `${kind}=${name}` },
        want: "allowed",
      });
    }
  }
  return [
    ...rows,
    ...ESCAPES.map((attempt) => ({ attempt, want: "refused" as const })),
  ];
}

/** Every daemon of the tree, whether machined runs it yet or not. */
async function readManifests(): Promise<Manifest[]> {
  const services = new URL("../../services/", import.meta.url);
  const manifests: Manifest[] = [];
  for await (const { name } of Deno.readDir(services)) {
    const file = new URL(`${name}/manifest.ts`, services);
    if (!await Deno.stat(file).catch(() => undefined)) continue;
    manifests.push((await import(file.href)).manifest);
  }
  return manifests;
}

Deno.test("no worker can do more than its manifest says", async (t) => {
  await using containerd = await TestContainerd.start();
  const hosts = hostsOf(await readManifests());
  const all = [...hosts.values()].flat();
  await bundleWorkers(
    `${containerd.dir}/bundles`,
    Object.fromEntries(
      all.map(({ name }) => [name, "tests/fixtures/workers/probe.ts"]),
    ),
  );
  for (const [host, manifests] of hosts) {
    const bench = containerBench(containerd, {
      name: host,
      // The permissions of a host are real, its mounts are of a node.
      manifests: manifests.map((manifest) => ({ ...manifest, mounts: [] })),
      rounds: 1,
      output: [],
    });
    await using test = new TestHost(bench);
    assertEquals(manifests.length > 0, true);
    for (const manifest of manifests) {
      await t.step(`${manifest.name} in ${host}`, async () => {
        const rows = expected(manifest);
        const attempts = rows.map(({ attempt }) => attempt);
        await test.start(manifest, { attempts });
        const said = await eventually(() => test.notices.shift());
        const got = said.split(" ").map((outcome, i) => ({
          attempt: attempts[i],
          want: outcome === "refused" ? outcome : "allowed",
        }));
        assertEquals<unknown>(got, rows);
      });
    }
  }
});
