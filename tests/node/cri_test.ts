/**
 * The containerd of Kubernetes on a node: comes up healthy, with the places
 * that Kubernetes writes to; pulls by the mirrors of the machine config; runs
 * containers on /var; follows the config; and nothing of it outlives the node.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parse, stringify } from "@std/yaml";
import { systemClock } from "#lib/clock.ts";
import { connectContainerd, type Containerd } from "#lib/containerd/client.ts";
import { imageSpec } from "#lib/containerd/image_spec.ts";
import { SOCKETS } from "#lib/paths.ts";
import { realSys } from "#lib/sys/real.ts";
import { TestCluster } from "#tests/cluster.ts";
import { eventually } from "#tests/eventually.ts";
import { leftovers } from "#tests/leftovers.ts";
import { services } from "#tests/machine_client.ts";
import { TestRegistry } from "#tests/registry.ts";
import { provide } from "../../rootfs/components/cache.ts";
import { PARTS } from "../../rootfs/components/parts.ts";
import { Images } from "../../services/machined/images.ts";
import { ContainerRunner } from "../../services/machined/supervisor/runner_container.ts";

const NAME = "t-cri";
const STATE = `/var/tmp/talos-tests/${NAME}`;
const REGISTRY = "10.5.121.1:5055";
const FOREVER = new AbortController().signal;
const NODE_ROOT = [{ type: "bind", source: "/", options: ["bind", "ro"] }];

/** How often a service has been started. */
async function starts(init: number, id: string): Promise<number> {
  const service = (await services(init)).find((one) => one.id === id);
  return service!.events!.events.filter(({ msg }) => / PID \d/.test(msg))
    .length;
}

/** Runs containers on the node from outside of it. */
class Bench implements AsyncDisposable {
  readonly client: Containerd;
  readonly images: Images;
  readonly told: string[] = [];
  /** The same path here and on the node. */
  readonly #stdio = `/var/tmp/talos-tests/${NAME}-stdio`;

  private constructor(init: number) {
    this.client = connectContainerd({
      socket: `/proc/${init}/root${SOCKETS.cri}`,
      namespace: "k8s.io",
    });
    this.images = new Images({
      containerd: this.client,
      registries: () => ({
        mirrors: { "reg.test": { endpoints: [`http://${REGISTRY}`] } },
      }),
      hostsDir: "/etc/cri/certs.d",
      platform: { os: "linux", architecture: "amd64" },
      clock: systemClock,
    });
  }

  static async open(init: number, varDir: string): Promise<Bench> {
    const bench = new Bench(init);
    const inside = join(varDir, bench.#stdio.replace(/^\/var\//, ""));
    await Deno.mkdir(inside, { recursive: true });
    await Deno.remove(bench.#stdio).catch(() => {});
    await Deno.symlink(inside, bench.#stdio);
    return bench;
  }

  get options() {
    return {
      tell: (text: string) => void this.told.push(text),
      signal: FOREVER,
    };
  }

  runner(
    id: string,
    { args, rootfs, lines }: {
      args: readonly string[];
      rootfs: ConstructorParameters<typeof ContainerRunner>[0]["rootfs"];
      lines: string[];
    },
  ): ContainerRunner {
    const spec = imageSpec({
      args,
      env: { PATH: "/bin" },
      capabilities: [],
      share: ["network"],
      mounts: [],
      cgroupsPath: `/podruntime/${id}`,
    });
    return new ContainerRunner({
      container: { id, image: "reg.test/tiny:1", spec },
      rootfs,
      containerd: this.client,
      stdioDir: this.#stdio,
      sys: realSys,
      clock: systemClock,
      log: (line) => lines.push(line),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await Deno.remove(this.#stdio);
  }
}

Deno.test("the CRI containerd of a node", async (t) => {
  const { dir: runc } = await provide(PARTS.runc);
  {
    await using cluster = await TestCluster.create({
      name: NAME,
      cidr: "10.5.121.0/24",
      workers: 0,
      flags: [
        `--registry-mirror=reg.test=http://${REGISTRY}`,
        // Refuses at once: the registry behind the mirror is nowhere.
        "--nameservers=10.5.121.1",
      ],
    });
    await using registry = await TestRegistry.start(REGISTRY);
    await registry.push("tiny:1", {
      program: await Deno.readFile(join(runc, "runc")),
      cmd: ["/program", "--version"],
    });
    const node = cluster.nodes[0]!;
    const init = await cluster.initPid(0);
    const root = `/proc/${init}/root`;
    const varDir = join(STATE, NAME, `${NAME}-master-1`, "var");
    await using bench = await Bench.open(init, varDir);

    await t.step("cri is up and well", async () => {
      await eventually(async () => {
        const service = (await services(init)).find(({ id }) => id === "cri");
        return service?.state === "Running" && service.health?.healthy;
      }, { what: "cri", withinMs: 30_000 });
    });

    await t.step("mounts made on the node reach its containers", async () => {
      const mounts = await Deno.readTextFile(`/proc/${init}/mountinfo`);
      const line = (target: string) =>
        mounts.split("\n").find((line) => line.split(" ")[4] === target)!;
      assertStringIncludes(line("/"), " shared:");
      assertStringIncludes(line("/var"), " shared:");
      assertEquals(line("/var").includes(" - overlay "), false);
    });

    await t.step("Kubernetes can write where it must, for good", async () => {
      for (
        const [place, upper] of [
          ["/etc/kubernetes", "etc-kubernetes"],
          ["/etc/cni", "etc-cni"],
          ["/opt/cni/bin", "opt"],
          ["/usr/libexec/kubernetes", "usr-libexec-kubernetes"],
        ] as const
      ) {
        await Deno.mkdir(`${root}${place}`, { recursive: true });
        await Deno.writeTextFile(`${root}${place}/probe`, place);
        const below = place === "/opt/cni/bin" ? "cni/bin/probe" : "probe";
        const kept = join(varDir, "system/overlays", `${upper}-diff`, below);
        assertEquals(await Deno.readTextFile(kept), place);
        await Deno.remove(`${root}${place}/probe`);
      }
    });

    await t.step("an image comes by the config's mirror", async () => {
      const image = await bench.images.pull("reg.test/tiny:1", bench.options);
      assertEquals(image.config.cmd, ["/program", "--version"]);
      const thrown = await bench.images.pull("reg.test/tiny:2", bench.options)
        .then(() => "came", (thrown) => thrown.message);
      assertStringIncludes(
        thrown,
        `Cannot pull "reg.test/tiny:2" from ${REGISTRY}, reg.test: there is no`,
      );
    });

    await t.step("a container of it runs, with its output", async () => {
      const image = await bench.images.provide(
        "reg.test/tiny:1",
        bench.options,
      );
      const lines: string[] = [];
      const runner = bench.runner("tiny", {
        args: image.config.cmd,
        rootfs: bench.images.rootOf(image),
        lines,
      });
      await runner.start(FOREVER);
      assertEquals(await runner.exited, { clean: true, reason: "exit code 0" });
      assertStringIncludes(lines[0]!, "runc version");
      assertEquals(await bench.client.listContainers(), []);
    });

    const lines: string[] = [];
    await t.step("containers -k shows what runs", async () => {
      const args = [
        "/bin/deno",
        "eval",
        "console.log(1);setInterval(()=>{},1e6)",
      ];
      const runner = bench.runner("stays", { args, rootfs: NODE_ROOT, lines });
      await runner.start(FOREVER);
      await eventually(() => lines.length > 0, { what: "its output" });
      const { stdout } = await cluster.talosctl([
        "-n",
        node,
        "containers",
        "-k",
      ]);
      assertStringIncludes(stdout, "k8s.io");
      assert(/ stays +reg\.test\/tiny:1 +\d+ +RUNNING/.test(stdout), stdout);
    });

    await t.step("a mirror needs no restart, a credential does", async () => {
      const stored = await Deno.readTextFile(
        `${root}/system/state/config.yaml`,
      );
      const apply = async (registries: Record<string, unknown>) => {
        const config = parse(stored);
        Object.assign(config.machine.registries, registries);
        const file = await Deno.makeTempFile({ suffix: ".yaml" });
        await Deno.writeTextFile(file, stringify(config));
        const { code, stderr } = await cluster.talosctl(
          ["-n", node, "apply-config", "-f", file],
        );
        await Deno.remove(file);
        assertEquals([code, stderr], [0, ""]);
      };
      const certs = `${root}/system/etc/cri/certs.d`;
      const mirrors = { "other.test": { endpoints: [`http://${REGISTRY}`] } };
      const before = await starts(init, "cri");
      await apply({ mirrors });
      await eventually(async () =>
        (await Deno.readTextFile(`${certs}/other.test/hosts.toml`))
          .includes(REGISTRY)
      );
      await eventually(() =>
        Deno.stat(`${certs}/reg.test/hosts.toml`).then(() => false, () => true)
      );
      await bench.images.pull("other.test/tiny:1", bench.options);
      assertEquals(await starts(init, "cri"), before);
      await apply({
        mirrors,
        config: { [REGISTRY]: { auth: { username: "u", password: "p" } } },
      });
      await eventually(async () => await starts(init, "cri") > before, {
        what: "cri starts again",
      });
      // What ran before still runs.
      await eventually(async () =>
        (await bench.client.getTask("stays"))?.status === "RUNNING"
      );
    });
  }
  const image = "_out/rootfs.sqsh";
  await eventually(async () => {
    assertEquals(await leftovers(NAME, { state: STATE, image }), []);
    return true;
  });
});
