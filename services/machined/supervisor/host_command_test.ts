/** The command line of a host, as reviewers read it. */
import { assertEquals } from "@std/assert";
import { DEFAULT_HEALTH, type Manifest } from "#lib/worker/manifest.ts";
import { hostCommand } from "./host_command.ts";

export const PLAIN = {
  name: "plain",
  job: "Nothing.",
  host: "node",
  serves: [],
  callers: [],
  config: [],
  permissions: {},
  capabilities: [],
  mounts: [],
  needs: [],
  restart: "always",
  health: DEFAULT_HEALTH,
  memoryMiB: 32,
} as const satisfies Manifest;

Deno.test("hostCommand() grants the union, the bundles and the socket", () => {
  const manifests: Manifest[] = [
    { ...PLAIN, permissions: { net: ["0.0.0.0:123"], ffi: ["libc.so.6"] } },
    { ...PLAIN, memoryMiB: 64, permissions: { read: ["/etc/hosts"] } },
  ];
  assertEquals(hostCommand({ name: "node", manifests }), [
    "/bin/deno",
    "run",
    "--quiet",
    "--no-prompt",
    "--no-remote",
    "--no-npm",
    "--no-config",
    "--no-lock",
    "--cached-only",
    "--no-code-cache",
    "--unstable-worker-options",
    "--v8-flags=--expose-gc,--optimize-for-size,--max-old-space-size=64",
    "--allow-read=/etc/hosts,/system/run/hosts/node/control.sock," +
    "/usr/lib/talos",
    "--allow-write=/system/run/hosts/node/control.sock",
    "--allow-net=0.0.0.0:123,unix:/system/run/hosts/node/control.sock",
    "--allow-ffi=libc.so.6",
    "/usr/lib/talos/host.js",
    "node",
    "/system/run/hosts/node/control.sock",
  ]);
});
