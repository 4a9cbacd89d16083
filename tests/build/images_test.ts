/**
 * Our images as others see them: skopeo reads the layout and pulls from the
 * registry, GNU tar reads the layers, and the real registry judges what we
 * push.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { zstdDecompressSync } from "node:zlib";
import { join } from "@std/path";
import { imageRef } from "#lib/config/images.ts";
import { CommandError, run } from "#lib/command.ts";
import { inTemp } from "#tests/in_temp.ts";
import { provide } from "../../rootfs/components/cache.ts";
import { CLUSTER_PARTS } from "../../rootfs/components/cluster_parts.ts";
import { PARTS } from "../../rootfs/components/parts.ts";
import { ensureTools, TEST_TOOLS } from "../../rootfs/components/tools.ts";
import { dir, type Entry, symlink, text } from "../../rootfs/entries.ts";
import { type Image, imageOf } from "../../rootfs/oci/image.ts";
import { writeLayer } from "../../rootfs/oci/layer.ts";
import { writeLayout } from "../../rootfs/oci/layout.ts";
import { PushError, Registry } from "../../rootfs/oci/push.ts";
import { withRegistry } from "../../rootfs/oci/storage.ts";
import { GLIBC, MOUNT, NFT } from "../../rootfs/pieces.ts";
import { stage } from "../../rootfs/stage.ts";
import {
  hostFor,
  killHelpers,
} from "../../services/talosctl/provision/processes.ts";
import { ProvisionError } from "../../services/talosctl/provision/provision.ts";
import {
  registryUrl,
  startRegistry,
} from "../../services/talosctl/provision/registry.ts";

await ensureTools(TEST_TOOLS);

const REFERENCE = imageRef("coreDNS");

const ENTRIES: readonly Entry<never>[] = [
  dir("/etc"),
  text("/etc/hosts", "127.0.0.1 localhost\n"),
  dir("/tmp", 0o1777),
  // Several pieces of the compressor.
  text("/tmp/large", "0123456789abcdef".repeat(200_000)),
  symlink("/link", "/etc/hosts"),
];

/** An image of one small layer, its files below the absent `into`. */
async function smallImage(into: string, entries = ENTRIES): Promise<Image> {
  const tree = join(into, "tree");
  await Deno.mkdir(tree, { recursive: true });
  const sources = { parts: {}, root: "", bundle: () => "" };
  const staged = await stage(entries, tree, sources);
  const path = join(into, "layer");
  const file = await writeLayer(path, { tree, staged });
  const start = { entrypoint: ["/a"], env: ["PATH=/bin"], user: "1:2" };
  return imageOf(REFERENCE, [{ ...file, path }], start);
}

/** The storage of a registry that holds the small image, and its address. */
async function withPushed(
  dir: string,
  use: (url: string, image: Image) => Promise<void>,
) {
  const { dir: part } = await provide(CLUSTER_PARTS.registry);
  const image = await smallImage(join(dir, "image"));
  const storage = join(dir, "storage");
  await withRegistry(storage, join(part, "usr/bin/docker-registry"), {
    async use(url) {
      const pushed = await new Registry(url).push(image);
      assertEquals(pushed, { sent: 2, there: 0 });
      await use(url, image);
    },
  });
}

/** Arguments that name the small image in the registry at `url`. */
function pulled(url: string): string[] {
  const name = REFERENCE.slice(REFERENCE.indexOf("/"));
  return ["--src-tls-verify=false", `docker://${new URL(url).host}${name}`];
}

Deno.test("images: time and order of writing leave no trace", () =>
  inTemp(async (dir) => {
    const one = await smallImage(join(dir, "one"));
    const [etc, hosts, tmp, large, link] = ENTRIES;
    const again = [link!, tmp!, etc!, large!, hosts!];
    const two = await smallImage(join(dir, "two"), again);
    assertEquals(two.manifest.descriptor, one.manifest.descriptor);
    const other = ENTRIES.slice(0, -1);
    const three = await smallImage(join(dir, "three"), other);
    assert(three.manifest.descriptor.digest !== one.manifest.descriptor.digest);
  }));

Deno.test("images: GNU tar reads a layer", () =>
  inTemp(async (dir) => {
    const image = await smallImage(dir);
    const plain = zstdDecompressSync(await Deno.readFile(`${dir}/layer`));
    await Deno.writeFile(`${dir}/plain.tar`, plain);
    const listed = await run(
      ["tar", "--full-time", "--numeric-owner", "-tvf", `${dir}/plain.tar`],
      { env: { TZ: "UTC" } },
    );
    const at = "1970-01-01 00:00:00";
    assertEquals(listed.split("\n").map((line) => line.replace(/ +/g, " ")), [
      `drwxr-xr-x 0/0 0 ${at} etc/`,
      `-rw-r--r-- 0/0 20 ${at} etc/hosts`,
      `lrwxrwxrwx 0/0 0 ${at} link -> /etc/hosts`,
      `drwxrwxrwt 0/0 0 ${at} tmp/`,
      `-rw-r--r-- 0/0 3200000 ${at} tmp/large`,
      "",
    ]);
    const [layer] = image.layers;
    assertEquals(layer!.diffId, `sha256:${await sha256(`${dir}/plain.tar`)}`);
  }));

async function sha256(path: string): Promise<string> {
  return (await run(["sha256sum", path])).split(" ")[0]!;
}

Deno.test("images: skopeo reads the layout", () =>
  inTemp(async (dir) => {
    const image = await smallImage(join(dir, "image"));
    await writeLayout(join(dir, "layout"), [image]);
    const tag = REFERENCE.split(":")[1];
    const from = `oci:${dir}/layout:${tag}`;
    const inspected = JSON.parse(await run(["skopeo", "inspect", from]));
    assertEquals(inspected.Digest, image.manifest.descriptor.digest);
    assertEquals(inspected.Os, "linux");
    assertEquals(inspected.Env, ["PATH=/bin"]);
    // Copying checks every digest.
    await run(["skopeo", "copy", from, `dir:${dir}/copy`]);
  }));

Deno.test("images: what was pushed comes back, and is not pushed again", () =>
  inTemp(async (dir) => {
    await withPushed(dir, async (url, image) => {
      const registry = new Registry(url);
      assertEquals(await registry.push(image), { sent: 0, there: 2 });
      await run(["skopeo", "copy", ...pulled(url), `dir:${dir}/copy`]);
      assertEquals(
        await Deno.readFile(`${dir}/copy/manifest.json`),
        image.manifest.bytes,
      );
      const [layer] = image.layers;
      const hex = layer!.descriptor.digest.split(":")[1]!;
      assertEquals(await sha256(`${dir}/copy/${hex}`), hex);
    });
  }));

Deno.test("images: a blob that is not what it says is refused", async (t) => {
  await t.step(
    "when it is pushed",
    () =>
      inTemp((dir) =>
        withPushed(dir, async (url, { config }) => {
          const digest = `sha256:${"0".repeat(64)}`;
          const thrown = await assertRejects(
            () =>
              new Registry(url).pushBlob(
                "x",
                { ...config.descriptor, digest },
                {
                  body: config.bytes,
                },
              ),
            PushError,
            "DIGEST_INVALID",
          );
          assertEquals(thrown.problem.kind, "refused");
        })
      ),
  );
  await t.step(
    "when the storage rotted",
    () =>
      inTemp((dir) =>
        withPushed(dir, async (url, { layers: [layer] }) => {
          const hex = layer!.descriptor.digest.split(":")[1]!;
          const blobs = `${dir}/storage/docker/registry/v2/blobs/sha256`;
          const path = `${blobs}/${hex.slice(0, 2)}/${hex}/data`;
          const bytes = await Deno.readFile(path);
          bytes[100]! ^= 1;
          await Deno.writeFile(path, bytes);
          const thrown = await assertRejects(
            () => run(["skopeo", "copy", ...pulled(url), `dir:${dir}/copy`]),
            CommandError,
          );
          assert(/[dD]igest/.test(thrown.message), thrown.message);
        })
      ),
  );
});

Deno.test("images: a registry that is not there is named", async () => {
  const registry = new Registry("http://127.0.0.1:9");
  const image = { digest: `sha256:${"0".repeat(64)}`, size: 0, mediaType: "x" };
  await assertRejects(
    () => registry.pushBlob("x", image, { body: new Uint8Array() }),
    PushError,
    'Cannot reach the registry at "http://127.0.0.1:9"',
  );
});

Deno.test("images: the registry of a cluster serves, and takes nothing", () =>
  inTemp(async (dir) => {
    await withPushed(dir, () => Promise.resolve());
    const { dir: part } = await provide(CLUSTER_PARTS.registry);
    const program = join(part, "usr/bin/docker-registry");
    const built = { program, storage: join(dir, "storage"), images: [] };
    // An address that no other test has: the port is always the same.
    const gateway = "127.90.50.1";
    const state = await Deno.makeTempDir({ dir });
    try {
      await startRegistry(hostFor(state), built, { dir: state, gateway });
      const url = registryUrl(gateway);
      await run(["skopeo", "copy", ...pulled(url), `dir:${dir}/copy`]);
      const other = await smallImage(join(dir, "other"), ENTRIES.slice(0, 2));
      await assertRejects(
        () => new Registry(url).push(other),
        PushError,
        "405",
      );
      await assertRejects(
        () => startRegistry(hostFor(state), built, { dir: state, gateway }),
        ProvisionError,
        "end what listens on port 5000",
      );
    } finally {
      await killHelpers(state);
    }
    await assertRejects(() => fetch(registryUrl(gateway)), TypeError);
  }));

/** The libraries of these programs are listed by hand. */
const PROGRAMS: Record<string, string> = {
  nft: "nftables v1.0.6",
  mount: "mount from util-linux 2.38.1",
  umount: "umount from util-linux 2.38.1",
};

Deno.test("images: Debian's programs find their libraries", async (t) => {
  const parts = {
    glibc: await provide(PARTS.glibc),
    nft: await provide(PARTS.nft),
    mount: await provide(CLUSTER_PARTS.mount),
  };
  const entries = [dir("/bin"), ...GLIBC, ...NFT, ...MOUNT];
  await inTemp(async (tree) => {
    await stage(entries, tree, { parts, root: "", bundle: () => "" });
    for (const [program, version] of Object.entries(PROGRAMS)) {
      await t.step(program, async () => {
        const argv = ["chroot", tree, `/bin/${program}`, "--version"];
        const said = await run(argv);
        assert(said.startsWith(version), said);
      });
    }
  });
});
