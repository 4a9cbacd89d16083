/**
 * Pulls through a real containerd from a real registry: by a mirror, with
 * credentials, and each way in which it goes wrong with a text of its own. A
 * container of what came runs, and nothing of it stays.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { systemClock } from "#lib/clock.ts";
import { run } from "#lib/command.ts";
import { imageSpec } from "#lib/containerd/image_spec.ts";
import { PullError, type PullKind } from "#lib/containerd/pull_error.ts";
import { Ca, generateCa } from "#lib/pki/mod.ts";
import { connect, createClient } from "#lib/rpc/client.ts";
import { realSys } from "#lib/sys/real.ts";
import { Images as ImageService } from "#proto/containerd_images_pb.ts";
import { TestContainerd } from "#tests/containerd.ts";
import { eventually } from "#tests/eventually.ts";
import { REGISTRY_USER, TestRegistry } from "#tests/registry.ts";
import { provide } from "../../rootfs/components/cache.ts";
import { PARTS } from "../../rootfs/components/parts.ts";
import { Images } from "../../services/machined/images.ts";
import {
  type Registries,
  registryFiles,
} from "../../services/machined/registries.ts";
import { ContainerRunner } from "../../services/machined/supervisor/runner_container.ts";

const OPEN = "127.0.0.1:5517";
const CLOSED = "127.0.0.1:5518";
const TLS = "127.0.0.1:5520";
const NOBODY = "127.0.0.1:5519";
const FOREVER = new AbortController().signal;

const mirror = (address: string) => ({ endpoints: [`http://${address}`] });
const REGISTRIES: Registries = {
  mirrors: {
    "open.test": mirror(OPEN),
    "closed.test": mirror(CLOSED),
    "known.test": mirror(CLOSED),
    "nobody.test": mirror(NOBODY),
  },
};

async function count(dir: string): Promise<number> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(dir)) names.push(name);
  return names.length;
}

/** The images of a containerd, and what was told. */
async function imagesOf(containerd: TestContainerd, registries: Registries) {
  const hostsDir = await Deno.makeTempDir({ dir: containerd.dir });
  for (const { path, text } of registryFiles(registries)) {
    await Deno.mkdir(dirname(join(hostsDir, path)), { recursive: true });
    await Deno.writeTextFile(join(hostsDir, path), text);
  }
  const told: string[] = [];
  const images = new Images({
    containerd: containerd.client,
    registries: () => registries,
    hostsDir,
    platform: { os: "linux", architecture: "amd64" },
    clock: systemClock,
  });
  const tell = (text: string) => void told.push(text);
  return { images, told, tell };
}

Deno.test("pulls", async (t) => {
  const { dir: runc } = await provide(PARTS.runc);
  const program = await Deno.readFile(join(runc, "runc"));
  await using containerd = await TestContainerd.start();
  await using open = await TestRegistry.start(OPEN);
  await using closed = await TestRegistry.start(CLOSED, { auth: true });
  const tiny = { program, cmd: ["/program", "--version"] };
  await open.push("tiny:1", tiny);
  await closed.push("tiny:1", tiny);
  const broken = await open.push("broken:1", {
    program: program.slice(0, 4096),
    cmd: [],
  });
  await open.damage(broken);
  const { images, told, tell } = await imagesOf(containerd, REGISTRIES);
  const options = { tell, signal: FOREVER };

  await t.step(
    "an image comes by its mirror, told from start to end",
    async () => {
      const image = await images.pull("open.test/tiny:1", options);
      assertEquals(image.config.cmd, ["/program", "--version"]);
      assertEquals(
        told[0],
        `Pulling image "open.test/tiny:1" from ${OPEN}, open.test`,
      );
      assertStringIncludes(told.at(-1)!, 'Pulled image "open.test/tiny:1" in ');
      assertStringIncludes(told.at(-1)!, image.digest);
      const channel = connect({
        target: { socket: containerd.socket },
        metadata: { "containerd-namespace": "system" },
      });
      const stored = await createClient(ImageService, channel)
        .get({ name: image.name });
      channel.close();
      // Kubernetes' collector lets it be.
      assertEquals(stored.image?.labels["io.cri-containerd.pinned"], "pinned");
    },
  );

  const failures: [string, PullKind, string][] = [
    ["open.test/tiny:2", "notFound", "there is no such image or tag"],
    ["open.test/none:1", "notFound", "there is no such image or tag"],
    ["open.test/broken:1", "digest", "its bytes do not match their digest"],
    ["nobody.test/tiny:1", "unreachable", NOBODY],
    ["closed.test/tiny:1", "unauthorized", "wants other credentials"],
  ];
  for (const [image, kind, text] of failures) {
    await t.step(`${image}: ${kind}`, async () => {
      const thrown = await images.pull(image, options).then(
        () => undefined,
        (thrown) => thrown,
      );
      assert(thrown instanceof PullError, String(thrown));
      assertEquals(thrown.problem.kind, kind, thrown.message);
      assertStringIncludes(thrown.message, `Cannot pull "${image}" from `);
      assertStringIncludes(thrown.message, text);
    });
  }

  await t.step("credentials of the config are used", async () => {
    const known = await imagesOf(containerd, {
      ...REGISTRIES,
      config: { [CLOSED]: { auth: REGISTRY_USER } },
    });
    await known.images.pull("known.test/tiny:1", {
      tell: known.tell,
      signal: FOREVER,
    });
  });

  await t.step("a service waits for an image until it is there", async () => {
    const waiting = images.provide("open.test/late:1", options);
    await eventually(() => told.some((text) => text.endsWith("again in 1 s")));
    await open.push("late:1", tiny);
    assertEquals((await waiting).name, "open.test/late:1");
  });

  await t.step("a wait that is given up ends", async () => {
    const given = new AbortController();
    const waiting = images.provide("open.test/never:1", {
      tell,
      signal: given.signal,
    }).then(() => "came", (thrown) => String(thrown));
    await eventually(() => told.at(-1)!.includes("open.test/never:1"));
    given.abort(new Error("given up"));
    assertEquals(await waiting, "Error: given up");
  });

  await t.step("a container of it runs, and leaves nothing", async () => {
    const image = await images.provide("open.test/tiny:1", options);
    const lines: string[] = [];
    const runner = new ContainerRunner({
      container: {
        id: "tiny",
        image: image.name,
        spec: imageSpec({
          args: image.config.cmd,
          env: { PATH: "/" },
          capabilities: [],
          share: ["network"],
          mounts: [],
          cgroupsPath: `${containerd.cgroup}/tiny`,
        }),
      },
      rootfs: images.rootOf(image),
      containerd: containerd.client,
      stdioDir: join(containerd.dir, "stdio"),
      sys: realSys,
      clock: systemClock,
      log: (line) => lines.push(line),
    });
    await runner.start(FOREVER);
    assertEquals(await runner.exited, { clean: true, reason: "exit code 0" });
    assertStringIncludes(lines[0]!, "runc version");
    assertEquals(await containerd.client.listContainers(), []);
    const mounts = await Deno.readTextFile("/proc/self/mountinfo");
    assertEquals(mounts.includes(containerd.dir), false);
    const snapshots = join(
      containerd.dir,
      "root/io.containerd.snapshotter.v1.overlayfs/snapshots",
    );
    // The layer of tiny, which late and known share; broken has none.
    await eventually(async () => await count(snapshots) === 1, {
      what: "one snapshot",
    });
  });
});

Deno.test("a registry by TLS, which wants a certificate of ours", async (t) => {
  const { dir: runc } = await provide(PARTS.runc);
  const program = await Deno.readFile(join(runc, "runc"));
  const pair = await generateCa({ kind: "machine" });
  const ca = await Ca.load(pair);
  const address = { addresses: ["127.0.0.1"] };
  const server = await ca.issuePair({ ...address, usages: ["server"] });
  const client = await ca.issuePair({ commonName: "n", usages: ["client"] });
  await using containerd = await TestContainerd.start();
  await using open = await TestRegistry.start(OPEN);
  await open.push("tiny:1", { program, cmd: [] });
  await using _secure = await TestRegistry.start(TLS, {
    sharing: open,
    tls: { ...server, clientCa: pair.crt },
  });
  const mirrors = { "tls.test": { endpoints: [`https://${TLS}`] } };
  type Tls = NonNullable<NonNullable<Registries["config"]>[string]["tls"]>;
  const full = { ca: pair.crt, clientIdentity: client };
  const cases: [string, Partial<Tls>, PullKind | "came"][] = [
    ["trusted both ways", full, "came"],
    ["not trusted", { clientIdentity: client }, "tls"],
    [
      "not asked whether it is trusted",
      { clientIdentity: client, insecureSkipVerify: true },
      "came",
    ],
    ["without a certificate", { ca: pair.crt }, "tls"],
  ];
  for (const [name, tls, want] of cases) {
    await t.step(name, async () => {
      const { images, tell } = await imagesOf(containerd, {
        mirrors,
        config: { [TLS]: { tls: { insecureSkipVerify: false, ...tls } } },
      });
      const came = await images.pull("tls.test/tiny:1", {
        tell,
        signal: FOREVER,
      }).then(() => "came", (thrown) => thrown);
      const got = came instanceof PullError ? came.problem.kind : came;
      assertEquals(got, want, String(came));
    });
  }
});

Deno.test("a full disk is told as that", async () => {
  const { dir: runc } = await provide(PARTS.runc);
  await using registry = await TestRegistry.start(OPEN);
  await registry.push("tiny:1", {
    program: await Deno.readFile(join(runc, "runc")),
    cmd: [],
  });
  await using containerd = await TestContainerd.start(async (dir) => {
    await Deno.mkdir(`${dir}/root`);
    await run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", `${dir}/root`]);
  });
  const { images, tell } = await imagesOf(containerd, REGISTRIES);
  const thrown = await images.pull("open.test/tiny:1", {
    tell,
    signal: FOREVER,
  }).then(() => undefined, (thrown) => thrown);
  assert(thrown instanceof PullError, String(thrown));
  assertEquals(thrown.problem.kind, "diskFull", thrown.message);
});
