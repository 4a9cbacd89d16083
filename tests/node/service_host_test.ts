/**
 * Service hosts in real containers: the same suite as on a plain process, and
 * the walls as the kernel has them. `--full` provokes each failure more often.
 */
import { assert, assertEquals } from "@std/assert";
import { TestContainerd } from "#tests/containerd.ts";
import { bundleWorkers, containerBench } from "#tests/hosts.ts";
import { checkHost, TestHost, testManifest } from "#tests/host_suite.ts";

const ROUNDS = Deno.env.get("TALOS_TEST_FULL") ? 5 : 2;
const MOODY = "tests/fixtures/workers/moody.ts";

Deno.test("a service host in a container", async (t) => {
  await using containerd = await TestContainerd.start();
  await bundleWorkers(`${containerd.dir}/bundles`, {
    moody: MOODY,
    calm: MOODY,
  });
  const output: string[] = [];
  await checkHost(
    t,
    containerBench(containerd, {
      name: "node",
      manifests: [testManifest("moody"), testManifest("calm")],
      rounds: ROUNDS,
      output,
    }),
  );
  assertEquals(await containerd.client.listTasks(), []);
  assertEquals(await containerd.client.listContainers(), []);
});

Deno.test("a host outlives its containerd, and is missed when it dies", async () => {
  await using containerd = await TestContainerd.start();
  await bundleWorkers(`${containerd.dir}/bundles`, { calm: MOODY });
  const calm = testManifest("calm");
  const bench = containerBench(containerd, {
    name: "orphan",
    manifests: [calm],
    rounds: 1,
    output: [],
  });
  await using test = new TestHost(bench);
  const first = await test.start(calm);
  await containerd.down();
  await containerd.up();
  assertEquals(await containerd.client.listTasks(), [
    { id: "orphan", pid: first.pid, status: "RUNNING" },
  ]);
  await containerd.down();
  Deno.kill(first.pid, "SIGKILL");
  assertEquals((await first.runner.exited).clean, false);
  await containerd.up();
  const second = await test.start(calm);
  assertEquals(second.pid === first.pid, false);
});

Deno.test("the kernel's walls are those of the manifests", async () => {
  await using containerd = await TestContainerd.start();
  await bundleWorkers(`${containerd.dir}/bundles`, { calm: MOODY });
  const rw = `${containerd.dir}/rw`;
  await Deno.mkdir(rw);
  const manifest = testManifest("calm", {
    capabilities: ["CAP_NET_ADMIN", "CAP_SYS_TIME"],
    mounts: [{ path: rw, access: "rw" }],
    memoryMiB: 32,
  });
  const bench = containerBench(containerd, {
    name: "walls",
    manifests: [manifest],
    rounds: 1,
    output: [],
  });
  await using test = new TestHost(bench);
  const { pid } = await test.start(manifest);
  assertEquals(await containerd.client.listTasks(), [
    { id: "walls", pid, status: "RUNNING" },
  ]);
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string) =>
    new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1];
  const capabilities = (1n << 12n | 1n << 25n).toString(16).padStart(16, "0");
  assertEquals(
    ["CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb", "NoNewPrivs"].map(field),
    [
      capabilities,
      capabilities,
      capabilities,
      "0".repeat(16),
      "0".repeat(16),
      "1",
    ],
  );
  const mounts = (await Deno.readTextFile(`/proc/${pid}/mountinfo`))
    .trim().split("\n").map((line) => line.split(" "))
    .map(([, , , , path, options]) => ({ path, options }));
  const own = mounts.filter(({ path }) => !/^\/(proc|dev)(\/|$)/.test(path!));
  assertEquals(
    own.map(({ path, options }) => `${path} ${options!.split(",")[0]}`).sort(),
    [
      "/ ro",
      "/tmp rw",
      `${containerd.dir}/bundles ro`,
      `${containerd.dir}/bundles/deno rw`,
      `${containerd.dir}/hosts/walls ro`,
      `${rw} rw`,
    ],
  );
  for (const kind of ["pid", "mnt", "ipc", "uts", "net"]) {
    const same = await Deno.readLink(`/proc/${pid}/ns/${kind}`) ===
      await Deno.readLink(`/proc/self/ns/${kind}`);
    assertEquals([kind, same], [kind, kind === "net"]);
  }
  const [limit] = await memoryLimits(pid);
  assertEquals(limit, (32 + 96) << 20);
  assert((await Deno.readTextFile(`/proc/${pid}/cmdline`)).includes("host.js"));
});

/** The limit of a process's memory cgroup, v1 or v2. */
async function memoryLimits(pid: number): Promise<number[]> {
  const groups = await Deno.readTextFile(`/proc/${pid}/cgroup`);
  const limits: number[] = [];
  for (const line of groups.trim().split("\n")) {
    const [, controllers, path] = line.split(":");
    const file = controllers === "memory"
      ? `/sys/fs/cgroup/memory${path}/memory.limit_in_bytes`
      : controllers === ""
      ? `/sys/fs/cgroup${path}/memory.max`
      : undefined;
    const text = file && await Deno.readTextFile(file).catch(() => undefined);
    if (text) limits.push(Number(text));
  }
  return limits;
}
