/** The runtime specification of a node. */
import { assertEquals } from "@std/assert";
import { IMAGE_DIR } from "#lib/paths.ts";
import {
  CONFIG_IN_NODE,
  nodeCapabilities,
  nodeSpec,
  userdata,
} from "./spec.ts";

const FACTS = {
  image: "/state/c/image",
  rootfs: "/state/c/rootfs",
  var: "/state/c/n/var",
  config: "/state/c/n/bundle/machine.yaml",
  cgroup: "/talos00000000/n",
  capabilities: ["CAP_CHOWN"],
};

const node = (config: string) => ({
  name: "c-master-1",
  type: "controlplane" as const,
  ip: "10.5.0.2",
  link: "talos0000000000",
  memoryMiB: 2048,
  cpus: 1.5,
  config,
});

Deno.test("nodeCapabilities keeps modules and power from nodes", () => {
  assertEquals(nodeCapabilities("CapPrm:\t07\nCapEff:\t03\n"), [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
  ]);
  assertEquals(nodeCapabilities(""), []);
  const all = nodeCapabilities("CapEff:\t000001ffffffffff\n");
  assertEquals(all.length, 39);
  assertEquals(all.at(-1), "CAP_CHECKPOINT_RESTORE");
  assertEquals(all.includes("CAP_SYS_BOOT"), false);
  assertEquals(all.includes("CAP_SYS_MODULE"), false);
});

Deno.test("userdata is base64 of UTF-8, or a file when that is too long", () => {
  assertEquals(userdata("a: ü\n"), "YTogw7wK");
  const long = "x".repeat(98_256);
  assertEquals(userdata(long).length, 131_008);
  assertEquals(userdata(`${long}x`), `file:${CONFIG_IN_NODE}`);
});

Deno.test("nodeSpec limits memory and processor time", () => {
  const { linux, process, root } = nodeSpec(node("a: b\n"), FACTS);
  assertEquals(root, { path: "/state/c/rootfs", readonly: true });
  assertEquals(linux.resources.memory, { limit: 2_147_483_648 });
  assertEquals(linux.resources.cpu, { quota: 150_000, period: 100_000 });
  assertEquals(linux.cgroupsPath, "/talos00000000/n");
  assertEquals(process.env.slice(-2), [
    "PLATFORM=container",
    "USERDATA=YTogYgo=",
  ]);
});

Deno.test("nodeSpec has /var in memory where the disk takes no overlays", () => {
  const { var: _none, ...facts } = FACTS;
  const { mounts } = nodeSpec(node("a: b\n"), facts);
  const found = mounts.filter(({ destination }) => destination === "/var");
  assertEquals(found.map(({ type }) => type), ["tmpfs"]);
});

Deno.test("nodeSpec binds the config only when it is too long to pass", () => {
  const bound = (config: string) =>
    nodeSpec(node(config), FACTS).mounts.filter((mount) =>
      mount.type === "bind"
    ).map((mount) => mount.destination);
  const always = [IMAGE_DIR, "/var"];
  assertEquals(bound("short"), always);
  assertEquals(bound("x".repeat(100_000)), [...always, CONFIG_IN_NODE]);
});
