/**
 * Every daemon by hand with only its own permissions, in network and mount
 * namespaces of its own: what the READMEs promise under "Alone".
 */
import { assert, assertEquals } from "@std/assert";
import type { Seen } from "#tests/alone_child.ts";

async function runAlone<Name extends keyof Seen>(
  name: Name,
): Promise<Seen[Name]> {
  const root = new URL("../../", import.meta.url).pathname;
  // The daemons' paths are those of a node: a tmpfs of our own is there.
  const script = "mkdir -p /system && mount -t tmpfs none /system && " +
    'exec "$@"';
  const existed = await Deno.stat("/system").then(() => true, () => false);
  try {
    const { stdout, code, signal } = await new Deno.Command("unshare", {
      args: [
        ...["--net", "--mount", "--propagation=private"],
        ...["/bin/sh", "-c", script, "sh"],
        ...[Deno.execPath(), "run", "-A", "--no-check"],
        `--config=${root}deno.json`,
        `${root}tests/lib/alone_child.ts`,
        name,
      ],
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(60_000),
      stderr: "inherit",
    }).output();
    assertEquals({ code, signal }, { code: 0, signal: null });
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    if (!existed) await Deno.remove("/system");
  }
}

Deno.test("timed: alone, with only its own permissions", async () => {
  const seen = await runAlone("timed");
  for (const reply of [seen.time, seen.check]) {
    assert("server" in reply, JSON.stringify(reply));
    assertEquals(reply.server, "127.0.0.1");
    assert(Math.abs(reply.offsetMs - 5_000) < 500, JSON.stringify(reply));
  }
  assert("code" in seen.nonsense && "code" in seen.stranger);
  assertEquals(seen.nonsense.code, "InvalidArgument");
  assertEquals(seen.stranger.code, "PermissionDenied");
  assertEquals(seen.exit, 0);
});

Deno.test("networkd: alone, with only its own permissions", async () => {
  const seen = await runAlone("networkd");
  assertEquals(seen.ready, 1);
  assertEquals(seen.lo.flags, 5);
  assert(seen.lo.ipaddress.includes("127.0.0.1/8"));
  assert(seen.routes.includes("127.0.0.0/8"));
  assertEquals(seen.resolvers, "nameserver 10.5.0.1\nnameserver 10.5.0.9\n");
  assert(seen.hosts.endsWith("10.5.0.7        seven\n"));
  assertEquals(seen.etc, 2);
  assertEquals(seen.exit, 0);
});

Deno.test("routerd: alone, with only its own permissions", async () => {
  const seen = await runAlone("routerd");
  assertEquals(seen.down.code, "Unavailable");
  assert(seen.down.text?.includes("/system/run/machined/machine.sock"));
  assertEquals(seen.stranger.code, "Unknown");
  assert(seen.stranger.text?.includes("service health.Health is not defined"));
  assertEquals(seen.exit, 0);
});

Deno.test("apid: alone with routerd, with only their own permissions", async () => {
  const seen = await runAlone("apid");
  assertEquals(seen.direct.code, "Unavailable");
  assert(seen.direct.text?.includes("/system/run/machined/machine.sock"));
  const [relayed] = seen.relayed ?? [];
  assertEquals(relayed?.hostname, "10.5.0.2");
  assert(relayed?.error.includes("/system/run/machined/machine.sock"));
  assertEquals(seen.nobody, "Unavailable");
  assertEquals(seen.exits, [0, 0]);
});

Deno.test("trustd: alone, with only its own permissions", async () => {
  const seen = await runAlone("trustd");
  assert(seen.signed);
  assertEquals(seen.subject, {
    organizations: [],
    names: ["worker-1"],
    addresses: ["10.5.0.9"],
    usages: ["server"],
  });
  assert(seen.stranger.includes("Unauthenticated"), seen.stranger);
  assert(seen.own.includes("or a control plane's"), seen.own);
  assertEquals(seen.exit, 0);
});
