/** The files of the CRI containerd, from config to config. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { effective, type EffectiveConfig } from "#lib/config/mod.ts";
import { imageRef } from "#lib/config/images.ts";
import { CONTROL_PLANE } from "#lib/config/sample_configs.ts";
import { CriFiles } from "./cri_files.ts";
import { MemoryFiles } from "./files.ts";
import type { Registries } from "./registries.ts";
import { criConfig } from "./units/cri.ts";

function configWith(registries: Registries): EffectiveConfig {
  const config = effective(CONTROL_PLANE);
  return { ...config, machine: { ...config.machine, registries } };
}

function setUp(status: string) {
  const files = new MemoryFiles({ "/proc/self/status": status });
  const names = () =>
    [...files.files.keys()].filter((path) => !path.startsWith("/proc")).sort();
  return { files, names, cri: new CriFiles(files) };
}

const DIR = "/system/etc/cri";

Deno.test("a mirror needs no restart, a credential does, what went is removed", async () => {
  const { files, names, cri } = setUp("CapEff:\t000001fffeffffff\n");
  const mirrors = { "*": { endpoints: ["http://10.5.0.1:5000"] } };
  assertEquals(await cri.write(configWith({})), true);
  assertEquals(await cri.write(configWith({ mirrors })), false);
  assertEquals(names(), [
    `${DIR}/certs.d/_default/hosts.toml`,
    `${DIR}/containerd.toml`,
  ]);
  assertEquals([...files.files.values()].at(-1)!.mode, 0o600);
  const config = { "r.local": { auth: { username: "u", password: "p" } } };
  assertEquals(await cri.write(configWith({ config })), true);
  assertEquals(names(), [
    `${DIR}/certs.d/r.local/hosts.toml`,
    `${DIR}/containerd.toml`,
  ]);
  assertStringIncludes(
    files.files.get(`${DIR}/containerd.toml`)!.text,
    `.registry.configs."r.local".auth]\nusername = "u"\npassword = "p"\n`,
  );
});

Deno.test("scores are held back only where the node may not lower its own", async () => {
  for (const [bits, held] of [["1fffeffffff", true], ["1ffffffffff", false]]) {
    const { files, cri } = setUp(`CapEff:\t${bits}\n`);
    await cri.write(configWith({}));
    assertStringIncludes(
      files.files.get(`${DIR}/containerd.toml`)!.text,
      `restrict_oom_score_adj = ${held}\n`,
    );
  }
});

Deno.test("the configuration of the CRI containerd", () => {
  assertEquals(
    criConfig({ restrictOomScoreAdj: true, auths: {} }),
    `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp", "io.containerd.image-verifier.v1.bindir", "io.containerd.monitor.container.v1.restart", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.mount-handler.v1.erofs", "io.containerd.differ.v1.erofs"]
imports = ["/var/cri/conf.d/*.toml"]

[debug]
level = "warn"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "${imageRef("pause")}"

[plugins."io.containerd.cri.v1.images".registry]
config_path = "/etc/cri/certs.d"

[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["/opt/cni/bin"]
conf_dir = "/etc/cni/net.d"
`,
  );
});
