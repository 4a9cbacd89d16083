/** The registry of a local cluster, as far as it is decisions. */
import { assertEquals, assertRejects } from "@std/assert";
import { builtImages } from "./built_images.ts";
import { ProvisionError } from "./provision.ts";
import { registryConfig, withLocalMirrors } from "./registry.ts";

Deno.test("withLocalMirrors leaves what the user named as it is", () => {
  const local = "http://10.9.0.1:5000";
  assertEquals(withLocalMirrors([], "10.9.0.1"), [
    `docker.io=${local}`,
    `gcr.io=${local}`,
    `ghcr.io=${local}`,
    `quay.io=${local}`,
    `registry.k8s.io=${local}`,
  ]);
  const given = ["quay.io=http://a", "quay.io=http://b", "x.io=http://c"];
  assertEquals(withLocalMirrors(given, "10.9.0.1"), [
    ...given,
    `docker.io=${local}`,
    `gcr.io=${local}`,
    `ghcr.io=${local}`,
    `registry.k8s.io=${local}`,
  ]);
});

Deno.test("registryConfig lets a cluster's registry only be read", () => {
  const config = (readOnly: boolean) =>
    JSON.parse(registryConfig("/s", "10.5.0.1:5000", { readOnly }));
  const { storage, http } = config(true);
  assertEquals(storage.filesystem, { rootdirectory: "/s" });
  assertEquals(storage.maintenance.readonly, { enabled: true });
  assertEquals(http, { addr: "10.5.0.1:5000" });
  assertEquals(config(false).storage.maintenance.readonly.enabled, false);
});

Deno.test("builtImages: whole, never built, gone, damaged", async (t) => {
  const out = await Deno.makeTempDir();
  try {
    const built = { program: `${out}/registry`, storage: out, images: [] };
    await t.step("never built", async () => {
      assertEquals(await builtImages(out), undefined);
    });
    await Deno.writeTextFile(`${out}/images.json`, JSON.stringify(built));
    await t.step("the cache was emptied", async () => {
      assertEquals(await builtImages(out), undefined);
    });
    await t.step("whole", async () => {
      await Deno.writeTextFile(built.program, "");
      assertEquals(await builtImages(out), built);
    });
    await t.step("damaged", async () => {
      await Deno.writeTextFile(`${out}/images.json`, '{"program": ');
      await assertRejects(
        () => builtImages(out),
        ProvisionError,
        'run "deno task images"',
      );
    });
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});
