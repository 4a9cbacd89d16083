/** The image of running nodes: verified on demand, and damage found. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { copyImage, flipByte } from "#tests/built_image.ts";
import { TestCluster } from "#tests/cluster.ts";

/** On a real file system, beside the state of the test's cluster. */
const IMAGES = "/var/tmp/talos-tests/image-files";

interface Verification {
  readonly metadata: { readonly hostname: string };
  readonly version: string;
  readonly keyId: string;
  readonly rootHash: string;
  readonly blocks: string;
  readonly problem: string;
  readonly badBlock?: { readonly block: string; readonly offset: string };
}

Deno.test("the image of running nodes", async (t) => {
  await Deno.mkdir(IMAGES, { recursive: true });
  const { image, keys } = await copyImage(IMAGES);
  await using cluster = await TestCluster.create({
    name: "t-image",
    cidr: "10.5.119.0/24",
    flags: [`--image=${image}`, `--signing-keys=${keys}`],
  });
  const both = ["-n", cluster.nodes.join(",")];
  const { size } = await Deno.stat(image);
  const record: Verification = JSON.parse(
    await Deno.readTextFile(join("_out", "rootfs.json")),
  );
  const verify = async () => {
    const { code, stdout, stderr } = await cluster.talosctl([
      ...both,
      "image",
      "verify",
      "-o",
      "json",
    ]);
    assertEquals(stderr, "");
    const { messages }: { messages: Verification[] } = JSON.parse(stdout);
    assertEquals(messages.map((m) => m.metadata.hostname), cluster.nodes);
    return { code, messages };
  };

  await t.step("every node verifies all of it", async () => {
    const { code, messages } = await verify();
    for (const { keyId, rootHash, blocks, problem } of messages) {
      assertEquals([keyId, rootHash], [record.keyId, record.rootHash]);
      assertEquals([Number(blocks) * 4096, problem], [size, ""]);
    }
    assertEquals(code, 0);
  });

  await t.step("what the image holds is what is mounted", async () => {
    const said = async (...args: string[]) => {
      const [node] = cluster.nodes;
      const { code, stdout, stderr } = await cluster.talosctl([
        ...["-n", node!],
        ...args,
      ]);
      assertEquals([code, stderr], [0, ""], args.join(" "));
      return stdout;
    };
    for (const path of ["/", "/bin", "/usr/lib/talos", "/lib"]) {
      // The first row of `list` is the directory itself.
      const [, ...mounted] = (await said("list", path)).split("\n");
      assertEquals((await said("image", "ls", path)).split("\n"), mounted);
    }
    for (const path of ["/etc/nsswitch.conf", "/usr/lib/talos/apid.js"]) {
      assertEquals(await said("image", "cat", path), await said("read", path));
    }
    // The node has its own bound over it: the image's is in the host's mount.
    const path = "/etc/os-release";
    const mounted = await Deno.readTextFile(cluster.rootfs + path);
    assertEquals(await said("image", "cat", path), mounted);
    const absent = await cluster.talosctl([...both, "image", "ls", "/nope"]);
    assertEquals(absent.code, 1);
    assertStringIncludes(absent.stderr, "no such file or directory");
  });

  await t.step("a block that goes bad is named, beside its node", async () => {
    // The last byte is padding: the nodes live on.
    await flipByte(image, size - 1);
    const { code, messages } = await verify();
    assertEquals(code, 1);
    const block = size / 4096 - 1;
    for (const { badBlock } of messages) {
      assertEquals(badBlock, {
        block: String(block),
        offset: String(block * 4096),
      });
    }
    const table = await cluster.talosctl([...both, "image", "verify"]);
    assertEquals(table.code, 1);
    const rows = table.stdout.trimEnd().split("\n").slice(1);
    assertEquals(rows.map((row) => row.split(/ +/)[0]), cluster.nodes);
    for (const row of rows) {
      assertStringIncludes(row, `data block ${block} at offset`);
    }
    await flipByte(image, size - 1);
    assertEquals((await verify()).code, 0);
  });
  await Deno.remove(IMAGES, { recursive: true });
});
