/**
 * timed and networkd by hand with only their own permissions, in network and
 * mount namespaces of their own; timed against a real answering server on the
 * NTP port.
 */
import { assert, assertEquals } from "@std/assert";

/** Runs in the namespaces: starts a daemon and waits until it is ready. */
const PRELUDE = `
import { connect, createClient } from "#lib/rpc/client.ts";
import { startSntpResponder } from "#lib/net/sntp_responder.ts";
import { SOCKETS } from "#lib/paths.ts";
import { systemClock } from "#lib/clock.ts";
import { realSys } from "#lib/sys/real.ts";
import { Health } from "#proto/health_pb.ts";
import { NetworkService } from "#proto/network_pb.ts";
import { TimeService } from "#proto/time_pb.ts";
import { Rtnetlink } from "#services/networkd/netlink_client.ts";
import { setLinkUp } from "#services/networkd/rtnetlink.ts";

const metadata = { "talos-role": "os:reader" };
async function start(name, config) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "-P=" + name,
      "#services/" + name + "/main.ts", "--config", "-"],
    cwd: "#root", stdin: "piped", stdout: "null", stderr: "null",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(config));
  await stdin.close();
  const channel = connect({ target: { socket: SOCKETS[name] } });
  const health = createClient(Health, channel);
  const end = performance.now() + 20_000;
  while (true) {
    const ready = await health.ready({}, { timeoutMs: 500 })
      .then((reply) => reply.messages[0].status === 1, () => false);
    if (ready) return { child, channel };
    if (performance.now() > end) throw new Error(name + " is not ready");
    await new Promise((again) => setTimeout(again, 50));
  }
}
async function finish(child, out) {
  child.kill("SIGTERM");
  console.log(JSON.stringify({ ...out, exit: (await child.status).code }));
  Deno.exit(0);
}
`;

const TIMED = `
await new Rtnetlink(realSys, systemClock).change(setLinkUp(1), "bring lo up");
await Deno.mkdir("/system/run/timed", { recursive: true });
await startSntpResponder({ host: "127.0.0.1", now: () => Date.now() + 5_000 });
const { child, channel } = await start("timed",
  "machine: { time: { servers: [127.0.0.1] } }");
const time = createClient(TimeService, channel);
const read = async (call) => {
  try {
    const [{ server, localtime, remotetime }] = (await call).messages;
    const ms = (t) => Number(t.seconds) * 1000 + t.nanos / 1e6;
    return { server, offsetMs: ms(remotetime) - ms(localtime) };
  } catch (thrown) {
    return { code: thrown.codeName };
  }
};
await finish(child, {
  time: await read(time.time({}, { metadata })),
  check: await read(time.timeCheck({ server: "127.0.0.1" }, { metadata })),
  nonsense: await read(time.timeCheck({ server: "a b" }, { metadata })),
  stranger: await read(time.time({})),
});
`;

const NETWORKD = `
await Deno.mkdir("/system/run/networkd", { recursive: true });
await Deno.mkdir("/system/etc");
const { child, channel } = await start("networkd", \`machine:
  network:
    nameservers: [10.5.0.1, 10.5.0.9]
    extraHostEntries: [{ ip: 10.5.0.7, aliases: [seven] }]
\`);
const network = createClient(NetworkService, channel);
const interfaces = (await network.interfaces({}, { metadata })).messages[0];
const routes = (await network.routes({}, { metadata })).messages[0];
await finish(child, {
  lo: interfaces.interfaces.find(({ name }) => name === "lo"),
  routes: routes.routes.map(({ destination }) => destination),
  resolvers: await Deno.readTextFile("/system/etc/resolv.conf"),
  hosts: await Deno.readTextFile("/system/etc/hosts"),
  etc: (await Array.fromAsync(Deno.readDir("/system/etc"))).length,
});
`;

// deno-lint-ignore no-explicit-any
async function runInNamespaces(code: string): Promise<any> {
  const root = new URL("../../", import.meta.url).pathname;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    file,
    (PRELUDE + code).replaceAll("#services/", `${root}services/`)
      .replaceAll("#root", root),
  );
  // The daemons' paths are those of a node: a tmpfs of our own is there.
  const script = "mkdir -p /system && mount -t tmpfs none /system && " +
    'exec "$@"';
  const existed = await Deno.stat("/system").then(() => true, () => false);
  try {
    const { stdout, code, signal } = await new Deno.Command("unshare", {
      args: [
        "--net",
        "--mount",
        "--propagation=private",
        "/bin/sh",
        "-c",
        script,
        "sh",
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        `--config=${root}deno.json`,
        file,
      ],
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(60_000),
      stderr: "inherit",
    }).output();
    assertEquals({ code, signal }, { code: 0, signal: null });
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(file);
    if (!existed) await Deno.remove("/system");
  }
}

Deno.test("timed: alone, with only its own permissions", async () => {
  const seen = await runInNamespaces(TIMED);
  for (const reply of [seen.time, seen.check]) {
    assertEquals(reply.server, "127.0.0.1");
    assert(Math.abs(reply.offsetMs - 5_000) < 500, JSON.stringify(reply));
  }
  assertEquals(seen.nonsense, { code: "InvalidArgument" });
  assertEquals(seen.stranger, { code: "PermissionDenied" });
  assertEquals(seen.exit, 0);
});

Deno.test("networkd: alone, with only its own permissions", async () => {
  const seen = await runInNamespaces(NETWORKD);
  assertEquals(seen.lo.flags, 5);
  assert(seen.lo.ipaddress.includes("127.0.0.1/8"));
  assert(seen.routes.includes("127.0.0.0/8"));
  assertEquals(seen.resolvers, "nameserver 10.5.0.1\nnameserver 10.5.0.9\n");
  assert(seen.hosts.endsWith("10.5.0.7        seven\n"));
  assertEquals(seen.etc, 2);
  assertEquals(seen.exit, 0);
});
