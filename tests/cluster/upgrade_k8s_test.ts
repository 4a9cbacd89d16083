/**
 * Kubernetes goes from one patch release to the next, and the API stays: a
 * probe that connects anew for each request sees no more than one failure for
 * each control plane. It needs the images of `deno task images --
 * --with-previous`. The short form has two, `--full` three and a worker.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { VERSIONS } from "#lib/config/mod.ts";
import { COMPONENTS } from "#lib/kube/control_plane.ts";
import { ApiProbe } from "#tests/api_probe.ts";
import { writeConfigDir } from "#tests/config_dir.ts";
import { eventually } from "#tests/eventually.ts";
import { inTemp } from "#tests/in_temp.ts";
import { KubeCluster } from "#tests/kube_cluster.ts";
import { PREVIOUS_KUBERNETES } from "../../rootfs/components/cluster_parts.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const MASTERS = FULL ? 3 : 2;
const WORKERS = FULL ? 1 : 0;
const OPTIONS = {
  name: "t-upgrade",
  cidr: "10.5.127.0/24",
  masters: MASTERS,
  workers: WORKERS,
};
const FROM = PREVIOUS_KUBERNETES;
const TO = VERSIONS.kubernetes;
const READY_MS = 300_000;
const CHANGED = [...COMPONENTS, "kube-proxy"];

/** Image and digest of each pod of what an upgrade changes. */
async function imagesOf(kube: KubeCluster): Promise<Map<string, string>> {
  const path = "{range .items[*]}{.metadata.name} " +
    "{.spec.containers[0].image} {.status.containerStatuses[0].imageID}" +
    "{'\\n'}{end}";
  const rows = await kube.kubectl(
    ...["get", "pods", "-n", "kube-system", "-o", `jsonpath=${path}`],
  );
  const found = new Map<string, string>();
  for (const row of rows.trim().split("\n")) {
    const [pod = "", image = "", id = ""] = row.split(" ");
    const name = CHANGED.find((one) => pod.startsWith(one));
    if (name) found.set(pod.replace(/^kube-proxy-.*/, name), `${image} ${id}`);
  }
  return found;
}

Deno.test("Kubernetes goes to the next patch release", async (t) => {
  await inTemp(async (dir) => {
    const old = (text: string) =>
      text.replace(
        /(kube-(?:apiserver|controller-manager|scheduler|proxy)):v\S+/g,
        `$1:${FROM}`,
      );
    await writeConfigDir(dir, OPTIONS, old);
    const flags = [`--input-dir=${dir}`];
    await using kube = await KubeCluster.create({ ...OPTIONS, flags });
    const { cluster } = kube;
    const upgrade = (...args: string[]) =>
      cluster.talosctl(["upgrade-k8s", ...args]);
    const health = await cluster.talosctl([
      ...["-n", cluster.nodes[0]!, "health", "--wait-timeout=5m"],
    ]);
    assertEquals(health.code, 0, health.stderr);
    const before = await imagesOf(kube);

    await t.step(
      "a dry run says what would change, and nothing does",
      async () => {
        const { code, stdout, stderr } = await upgrade(
          `--to=${TO}`,
          "--dry-run",
        );
        assertEquals(code, 0, stderr);
        const rows = stdout.trim().split("\n").map((row) => row.split(/ {3,}/));
        const names = cluster.nodes.slice(0, MASTERS)
          .map((_, at) => cluster.nodeName(at));
        assertEquals(rows, [
          ["NODE", "COMPONENT", "FROM", "TO"],
          ...names.flatMap((name) =>
            COMPONENTS.map((component) => [name, component, FROM, TO])
          ),
          ["(all nodes)", "kube-proxy", FROM, TO],
        ]);
        assertEquals(await imagesOf(kube), before);
      },
    );

    await t.step("an image that is not there changes nothing", async () => {
      const { code, stderr } = await upgrade("--to=v1.37.99");
      assert(code !== 0);
      assertStringIncludes(stderr, "kube-apiserver:v1.37.99");
      assertEquals(await imagesOf(kube), before);
    });

    await t.step(
      "the upgrade, cut off once, while the API is asked",
      async () => {
        const probe = new ApiProbe(kube);
        const args = ["upgrade-k8s", `--to=${TO}`, `--from=${FROM}`];
        try {
          // Whoever followed it first is gone in the middle of it.
          const cut = new AbortController();
          const first = cluster.talosctl(args, { signal: cut.signal });
          await eventually(async () => {
            const images = [...(await imagesOf(kube)).values()];
            return images.some((image) => image.includes(`:${TO} `));
          }, { withinMs: READY_MS, what: "a component to change" });
          cut.abort();
          assert((await first).code !== 0);
          const { code, stderr } = await cluster.talosctl(args);
          assertEquals(code, 0, stderr);
        } finally {
          await probe.stop();
        }
        const said = probe.failures.join("\n");
        assert(probe.failures.length <= MASTERS, said);
        assert(probe.requests > 20, `${probe.requests} requests`);
      },
    );

    await t.step("every pod runs another image than before", async () => {
      const after = await imagesOf(kube);
      assertEquals([...after.keys()].sort(), [...before.keys()].sort());
      for (const [pod, image] of after) {
        assertStringIncludes(image, `:${TO} `);
        const [, digest] = image.split(" ");
        assert(digest !== before.get(pod)!.split(" ")[1], `${pod}: ${image}`);
      }
      const version = JSON.parse(await kube.kubectl("version", "-o", "json"));
      assertEquals(version.serverVersion.gitVersion, TO);
      await kube.untilReady(MASTERS + WORKERS, READY_MS);
    });

    await t.step("asked again, nothing is left; back is refused", async () => {
      const again = await upgrade(`--to=${TO}`);
      assertEquals(again.code, 0, again.stderr);
      assert(!again.stderr.includes("->"), again.stderr);
      const back = await upgrade(`--to=${FROM}`);
      assertStringIncludes(back.stderr, "there is no way back");
      assert(back.code !== 0);
    });
  });
});
