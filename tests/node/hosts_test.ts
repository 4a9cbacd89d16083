/**
 * The service hosts are real containers: containerd lists exactly them, and
 * namespaces, capabilities and memory limit are those of the manifests.
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { connectContainerd } from "#lib/containerd/client.ts";
import { DENO_DIR, SOCKETS } from "#lib/paths.ts";
import type { Manifest } from "#lib/worker/manifest.ts";
import { TestCluster } from "#tests/cluster.ts";
import {
  capabilityMask,
  memoryLimitOf,
  mountPoints,
} from "#tests/container_facts.ts";
import { hostProcess, statusOf } from "#tests/node_processes.ts";
import { MANIFESTS } from "../../services/machined/manifests.ts";
import { HEADROOM_MIB } from "../../services/machined/supervisor/host_command.ts";

/** Mounts that every host has, whatever its workers ask for. */
const OWN_MOUNTS = ["/", "/dev", "/proc", "/tmp", DENO_DIR];

function manifestsOf(host: string): readonly Manifest[] {
  return MANIFESTS.filter((manifest) => manifest.host === host);
}

Deno.test("service hosts", async (t) => {
  await using cluster = await TestCluster.create({
    name: "t-hosts",
    cidr: "10.5.106.0/24",
    workers: 0,
  });
  const init = await cluster.initPid(0);

  await t.step(
    "containerd's tasks in system are exactly the hosts",
    async () => {
      const containerd = connectContainerd({
        socket: `/proc/${init}/root${SOCKETS.containerd}`,
        namespace: "system",
      });
      const tasks = await containerd.listTasks();
      containerd.close();
      assertEquals(
        tasks.map(({ id, status }) => [id, status]).sort(),
        [["edge", "RUNNING"], ["node", "RUNNING"]],
      );
    },
  );

  await t.step("talosctl containers lists hosts and workers", async () => {
    const { code, stdout } = await cluster.talosctl([
      "-n",
      cluster.nodes[0]!,
      "containers",
    ]);
    assertEquals(code, 0);
    const images = stdout.split("\n")
      .flatMap((line) => line.match(/talos\/\w+/) ?? []).sort();
    const wanted = [
      "talos/edge",
      "talos/node",
      ...MANIFESTS.filter(({ host }) => host === "edge" || host === "node")
        .map(({ name }) => `talos/${name}`),
    ].sort();
    assertEquals(images, wanted);
  });

  for (const host of ["edge", "node"]) {
    const { pid } = hostProcess(init, host)!;
    const manifests = manifestsOf(host);

    await t.step(`${host}: namespaces of its own, the node's network`, () => {
      const namespace = (pid: number, kind: string) =>
        Deno.readLinkSync(`/proc/${pid}/ns/${kind}`);
      for (const kind of ["pid", "mnt", "ipc"]) {
        assertNotEquals(namespace(pid, kind), namespace(init, kind));
      }
      assertEquals(namespace(pid, "net"), namespace(init, "net"));
    });

    await t.step(`${host}: capabilities`, () => {
      const mask = capabilityMask(
        manifests.flatMap(({ capabilities }) => capabilities),
      );
      for (const set of ["CapEff", "CapPrm", "CapBnd"]) {
        assertEquals(statusOf(pid, set), mask, set);
      }
      for (const set of ["CapInh", "CapAmb"]) {
        assertEquals(statusOf(pid, set), capabilityMask([]), set);
      }
      assertEquals(statusOf(pid, "NoNewPrivs"), "1");
    });

    await t.step(`${host}: memory limit`, () => {
      const shares = manifests.map(({ memoryMiB }) => memoryMiB);
      const wanted = shares.reduce((a, b) => a + b, HEADROOM_MIB);
      assertEquals(memoryLimitOf(pid), wanted << 20);
    });

    await t.step(`${host}: mounts`, () => {
      const asked = manifests.flatMap(({ mounts }) =>
        mounts.map(({ path }) => path)
      );
      const wanted = new Set([
        ...OWN_MOUNTS,
        ...asked,
        `/system/run/hosts/${host}`,
        // The mount points of the above need a writable directory below them.
        ...["/run", "/system", "/var"].filter((scaffold) =>
          [...asked, "/system/run"].some((path) =>
            path.startsWith(`${scaffold}/`)
          )
        ),
      ]);
      const found = mountPoints(pid).filter(({ path }) =>
        // Device files and masked files of /proc are mounts, too.
        !path.startsWith("/dev/") && !path.startsWith("/proc/")
      );
      assertEquals(
        found.map(({ path }) => path).sort(),
        [...wanted].sort(),
      );
      const writable = found.filter(({ readOnly }) => !readOnly)
        .map(({ path }) => path);
      const may = manifests.flatMap(({ mounts }) =>
        mounts.filter(({ access }) => access === "rw").map(({ path }) => path)
      );
      for (const path of writable) {
        const own = [...OWN_MOUNTS.slice(1), "/run", "/system", "/var"];
        assertEquals([...own, ...may].includes(path), true, path);
      }
      assertEquals(found.find(({ path }) => path === "/")?.readOnly, true);
    });
  }
});
