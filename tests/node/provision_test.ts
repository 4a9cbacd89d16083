/**
 * Making and removing local clusters: whole, cut short at every stage, with a
 * damaged record, twice, side by side. Whether nodes boot is not tested here.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { run } from "#lib/command.ts";
import { PUBLIC_KEYS } from "#lib/image/files.ts";
import { IMAGE_NAME } from "#lib/paths.ts";
import { exportKey, generateKey } from "#lib/pki/keys.ts";
import { copyImage, flipByte } from "#tests/built_image.ts";
import { eventually } from "#tests/eventually.ts";
import { leftovers } from "#tests/leftovers.ts";
import { createBare } from "#tests/provision_child.ts";
import { provide } from "../../rootfs/components/cache.ts";
import { CLUSTER_PARTS } from "../../rootfs/components/cluster_parts.ts";
import { signImage } from "../../rootfs/sign.ts";
import { loadSigningKey } from "../../rootfs/signing_key.ts";
import {
  ContainerProvisioner,
} from "../../services/talosctl/provision/container.ts";
import { clusterId } from "../../services/talosctl/provision/plan.ts";
import { ProvisionError } from "../../services/talosctl/provision/provision.ts";
import { registryUrl } from "../../services/talosctl/provision/registry.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const CHILD = join(ROOT, "tests", "lib", "provision_child.ts");
/** On a real file system, and found again by the next run. */
const STATE = "/var/tmp/talos-tests/provision";
/** A copy of our own: its loop devices are nobody else's. */
const SOURCE = {
  image: join(STATE, IMAGE_NAME),
  keys: join(STATE, PUBLIC_KEYS),
};

const ONE = {
  state: STATE,
  name: "prov-one",
  cidr: "10.91.1.0/24",
  ...SOURCE,
};
const TWO = { ...ONE, name: "prov-two", cidr: "10.91.2.0/24" };

const provisioner = new ContainerProvisioner(STATE);
const say = () => {};

/** A place for clusters that is empty before and after. */
async function clean(check: () => Promise<void>): Promise<void> {
  await Deno.mkdir(STATE, { recursive: true });
  assertEquals(await copyImage(STATE), SOURCE);
  const destroyAll = async () => {
    for (const { name } of [ONE, TWO]) await provisioner.destroy(name, say);
  };
  try {
    await destroyAll();
    await check();
  } finally {
    await destroyAll();
    await Deno.remove(STATE, { recursive: true });
  }
}

async function nothingLeft(cluster: typeof ONE): Promise<void> {
  // The kernel takes a network namespace apart after its last process.
  await eventually(async () => {
    assertEquals(await leftovers(cluster.name, cluster), []);
    return true;
  });
}

Deno.test("a cluster is made, shown, refused twice, removed twice", () =>
  clean(async () => {
    const record = await createBare(ONE);
    assertEquals(record.status, "running");
    assertEquals(await provisioner.show(ONE.name), record);
    const found = await leftovers(ONE.name, ONE);
    for (const kind of ["mount", "link", "loop", "cgroup", "directory"]) {
      assert(found.some((line) => line.startsWith(kind)), `no ${kind}`);
    }
    await assertRejects(
      () => createBare(ONE),
      ProvisionError,
      "already exists",
    );
    assertEquals(await provisioner.show(ONE.name), record);
    assertEquals(await provisioner.destroy(ONE.name, say), record);
    await nothingLeft(ONE);
    assertEquals(await provisioner.destroy(ONE.name, say), undefined);
    await assertRejects(
      () => provisioner.show(ONE.name),
      ProvisionError,
      'There is no cluster "prov-one"',
    );
  }));

Deno.test("images are served as long as the cluster lives", () =>
  clean(async () => {
    const { dir } = await provide(CLUSTER_PARTS.registry);
    const program = join(dir, "usr/bin/docker-registry");
    const images = { program, storage: STATE, images: [] };
    const { network } = await createBare({ ...ONE, images });
    const url = `${registryUrl(network.gateway)}/v2/`;
    const response = await fetch(url);
    assertEquals([response.status, await response.text()], [200, "{}"]);
    const found = await leftovers(ONE.name, ONE);
    assert(found.some((line) => /^process.*docker-registry/.test(line)));
    await provisioner.destroy(ONE.name, say);
    await nothingLeft(ONE);
  }));

Deno.test("two clusters live side by side", () =>
  clean(async () => {
    await Promise.all([createBare(ONE), createBare(TWO)]);
    await provisioner.destroy(ONE.name, say);
    const two = await leftovers(TWO.name, TWO);
    assert(two.some((line) => line.startsWith("mount")), "two lost its mount");
    assert(two.some((line) => line.startsWith("link")), "two lost its links");
    await provisioner.destroy(TWO.name, say);
    await nothingLeft(ONE);
    await nothingLeft(TWO);
  }));

Deno.test("a network that is in use is refused, and nothing is made", () =>
  clean(async () => {
    await createBare(ONE);
    await assertRejects(
      () => createBare({ ...TWO, cidr: "10.91.0.0/16" }),
      ProvisionError,
      'Cannot use network "10.91.0.0/16"',
    );
    await provisioner.destroy(ONE.name, say);
    await nothingLeft(TWO);
    await nothingLeft(ONE);
  }));

Deno.test("a failure half-way takes back what was made", () =>
  clean(async () => {
    // Signed by a trusted key, and still no file system.
    const image = join(STATE, "broken.sqsh");
    await Deno.writeTextFile(image, "no image");
    const key = await loadSigningKey(
      await exportKey((await generateKey("Ed25519")).privateKey),
    );
    await signImage(image, { version: "v1", key });
    const keys = join(STATE, "broken.pub");
    await Deno.writeTextFile(keys, key.publicPem);
    const options = { ...ONE, image, keys };
    await assertRejects(() => createBare(options), Error, "mount");
    await nothingLeft(options);
  }));

Deno.test("an image that does not verify is refused before anything is mounted", () =>
  clean(async () => {
    await flipByte(SOURCE.image, 4096 * 7 + 1);
    const reported: string[] = [];
    const error = await assertRejects(
      () => createBare(ONE, (line) => void reported.push(line)),
      ProvisionError,
      "data block 7 at offset 28672 is bad; build it again",
    );
    assertEquals(error.problem.kind, "image");
    // The network comes after the verification and before the mount.
    assertEquals(reported, ["removing what was made so far"]);
    await nothingLeft(ONE);
  }));

Deno.test("destroy works without a readable record", async (t) => {
  for (const text of ["", "a: [", "name: other\n", undefined]) {
    await t.step(JSON.stringify(text) ?? "no record", () =>
      clean(async () => {
        await createBare(ONE);
        const path = join(STATE, ONE.name, "state.yaml");
        if (text === undefined) await Deno.remove(path);
        else await Deno.writeTextFile(path, text);
        await provisioner.destroy(ONE.name, say);
        await nothingLeft(ONE);
      }));
  }
});

const DIR = join(STATE, ONE.name);
const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** What is there for the first time at each stage of making a cluster. */
const STAGES: Record<string, () => Promise<boolean>> = {
  "directory": () => exists(DIR),
  "record": () => exists(join(DIR, "state.yaml")),
  "image": () => exists(join(DIR, "image", `${IMAGE_NAME}.verity`)),
  "bridge": () => exists(`/sys/class/net/${clusterId(ONE.name)}`),
  "mount point": () => exists(join(DIR, "rootfs")),
  "mount": () => exists(join(DIR, "rootfs", "bin")),
  "time server": () => exists(join(DIR, "sntp.log")),
  "bundle": () => exists(join(DIR, "prov-one-master-1/bundle/config.json")),
  "console": () => exists(join(DIR, "prov-one-master-1/console.log")),
  "runc": () => exists(join(DIR, "runc/prov-one-master-1")),
  "container": () => exists(join(DIR, "runc/prov-one-master-1/state.json")),
  "link": () => exists(`/sys/class/net/${clusterId(ONE.name)}00`),
};

/** Starts a creation and kills it, as hard as can be, when `when` resolves. */
async function killedCreation(when: () => Promise<unknown>): Promise<void> {
  const { state, name, cidr, image, keys } = ONE;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", CHILD, state, name, cidr, image, keys],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await when();
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It had finished: a stage can be the last one.
    }
    await child.status;
  }
}

/** Polls without pause: the stages are milliseconds apart. */
async function reached(stage: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!await stage()) {
    assert(performance.now() < end, "the stage was not reached");
  }
}

Deno.test("a creation killed at any stage leaves what destroy removes", async (t) => {
  for (const [name, stage] of Object.entries(STAGES)) {
    await t.step(name, () =>
      clean(async () => {
        await killedCreation(() => reached(stage));
        await provisioner.destroy(ONE.name, say);
        await nothingLeft(ONE);
        // The name can be used again at once.
        await createBare(ONE);
        await provisioner.destroy(ONE.name, say);
        await nothingLeft(ONE);
      }));
  }
});

Deno.test("a destruction killed half-way is finished by the next", () =>
  clean(async () => {
    await createBare(ONE);
    await run([
      join(ROOT, "_out/lib/runc"),
      "--root",
      join(DIR, "runc"),
      "kill",
      "prov-one-worker-1",
      "KILL",
    ]).catch(() => {});
    await run(["ip", "link", "delete", clusterId(ONE.name)]);
    await run(["umount", "--lazy", join(DIR, "rootfs")]);
    await provisioner.destroy(ONE.name, say);
    await nothingLeft(ONE);
  }));
