/**
 * timed by hand with only its own permissions, against a real answering server
 * on the NTP port, in network and mount namespaces of its own.
 */
import { assert, assertEquals } from "@std/assert";

/** Runs in the namespaces: the server, timed as its child, and a client. */
const CHILD = `
import { connect, createClient } from "#lib/rpc/client.ts";
import { startSntpResponder } from "#lib/net/sntp_responder.ts";
import { SOCKETS } from "#lib/paths.ts";
import { systemClock } from "#lib/clock.ts";
import { realSys } from "#lib/sys/real.ts";
import { Health } from "#proto/health_pb.ts";
import { TimeService } from "#proto/time_pb.ts";
import { Rtnetlink } from "#services/networkd/netlink_client.ts";
import { setLinkUp } from "#services/networkd/rtnetlink.ts";

await new Rtnetlink(realSys, systemClock).change(setLinkUp(1), "bring lo up");
await Deno.mkdir("/system/run/timed", { recursive: true });
const responder = await startSntpResponder({
  host: "127.0.0.1",
  now: () => Date.now() + 5_000,
});
const timed = new Deno.Command(Deno.execPath(), {
  args: ["run", "--no-prompt", "--no-check", "-P=timed",
    "#services/timed/main.ts", "--config", "-"],
  cwd: "#root", stdin: "piped", stdout: "null", stderr: "null",
}).spawn();
const stdin = timed.stdin.getWriter();
await stdin.write(new TextEncoder().encode(
  "machine: { time: { servers: [127.0.0.1] } }"));
await stdin.close();
const channel = connect({ target: { socket: SOCKETS.timed } });
const time = createClient(TimeService, channel);
const health = createClient(Health, channel);
const out = {};
const end = performance.now() + 20_000;
while (out.ready === undefined && performance.now() < end) {
  try {
    out.ready = (await health.ready({}, { timeoutMs: 500 })).messages[0].status;
  } catch {
    await new Promise((again) => setTimeout(again, 50));
  }
}
const metadata = { "talos-role": "os:reader" };
const read = async (call) => {
  try {
    const [{ server, localtime, remotetime }] = (await call).messages;
    const ms = (t) => Number(t.seconds) * 1000 + t.nanos / 1e6;
    return { server, offsetMs: ms(remotetime) - ms(localtime) };
  } catch (thrown) {
    return { code: thrown.codeName };
  }
};
out.time = await read(time.time({}, { metadata }));
out.check = await read(time.timeCheck({ server: "127.0.0.1" }, { metadata }));
out.nonsense = await read(time.timeCheck({ server: "a b" }, { metadata }));
out.stranger = await read(time.time({}));
timed.kill("SIGTERM");
out.exit = (await timed.status).code;
await responder.close();
console.log(JSON.stringify(out));
Deno.exit(0);
`;

Deno.test("timed: alone, with only its own permissions", async () => {
  const root = new URL("../../", import.meta.url).pathname;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    file,
    CHILD.replaceAll("#services/", `${root}services/`)
      .replaceAll("#root", root),
  );
  // The daemon's path is that of a node: a tmpfs of our own takes its place.
  const script = "mkdir -p /system && mount -t tmpfs none /system && " +
    'exec "$@"';
  const existed = await Deno.stat("/system").then(() => true, () => false);
  try {
    const { stdout } = await new Deno.Command("unshare", {
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
    const seen = JSON.parse(new TextDecoder().decode(stdout));
    for (const reply of [seen.time, seen.check]) {
      assertEquals(reply.server, "127.0.0.1");
      assert(Math.abs(reply.offsetMs - 5_000) < 500, JSON.stringify(reply));
    }
    assertEquals(seen.ready, 1);
    assertEquals(seen.nonsense, { code: "InvalidArgument" });
    assertEquals(seen.stranger, { code: "PermissionDenied" });
    assertEquals(seen.exit, 0);
  } finally {
    await Deno.remove(file);
    if (!existed) await Deno.remove("/system");
  }
});
