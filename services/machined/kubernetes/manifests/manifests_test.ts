/** The manifests that a cluster starts with, as text that people review. */
import { assertEquals } from "@std/assert";
import { stringify } from "@std/yaml";
import { effective, generateConfig, generateSecrets } from "#lib/config/mod.ts";
import { bootstrapManifests } from "./bootstrap.ts";

const SNAPSHOT = new URL("./manifests.snapshot.txt", import.meta.url);
const secrets = await generateSecrets({ algorithm: "ECDSA-P256" });

function manifests(cni: string) {
  const config = effective(generateConfig("controlplane", {
    clusterName: "test",
    endpoint: "https://10.5.0.1:6443",
    cni: { name: cni, urls: ["https://example.org/cni.yaml"] },
  }, { ...secrets, clusterToken: "abcdef.0123456789abcdef" }));
  return bootstrapManifests({
    ...{ config, hostname: "test-1", addresses: ["10.5.0.2"] },
    mode: "container",
  }, secrets.admin);
}

Deno.test("manifests: all of them, printed", async () => {
  const text = manifests("flannel")
    .map((object) => stringify(object))
    .join("---\n")
    // The last one, and secret.
    .replace(/(\n {2}kubeconfig: )[^]*$/, "$1...\n");
  if (Deno.args.includes("-u")) await Deno.writeTextFile(SNAPSHOT, text);
  assertEquals(text, await Deno.readTextFile(SNAPSHOT), "-- -u, then review");
});

Deno.test("manifests: another CNI brings its own", () => {
  const names = manifests("custom").map(({ metadata }) => metadata.name);
  assertEquals(names.filter((name) => name.includes("flannel")), []);
});
