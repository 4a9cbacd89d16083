/**
 * What daemons_alone_test.ts runs in namespaces of its own: starts daemons by
 * hand as their READMEs say, calls them, prints what it saw as JSON.
 */
import { assert } from "@std/assert";
import { systemClock } from "#lib/clock.ts";
import { parsePrefix } from "#lib/net/ip.ts";
import { startSntpResponder } from "#lib/net/sntp_responder.ts";
import { PORTS, SOCKETS } from "#lib/paths.ts";
import { trustdRequester } from "#lib/pki/identity.ts";
import {
  Ca,
  generateCa,
  isSignedBy,
  issueAdmin,
  readSubject,
  toBase64,
} from "#lib/pki/mod.ts";
import { certificateDer } from "#lib/pki/certificate.ts";
import { connect, createClient } from "#lib/rpc/client.ts";
import { Role, ROLE_METADATA } from "#lib/rpc/roles.ts";
import { RpcError } from "#lib/rpc/status.ts";
import { realSys } from "#lib/sys/real.ts";
import { Health } from "#proto/health_pb.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { NetworkService } from "#proto/network_pb.ts";
import { type Time, TimeService } from "#proto/time_pb.ts";
import { Rtnetlink } from "../../services/networkd/netlink_client.ts";
import { addAddress, setLinkUp } from "../../services/networkd/rtnetlink.ts";
import { eventually } from "./eventually.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const READY_MS = 20_000;
const metadata = { [ROLE_METADATA]: Role.reader };
const LOOPBACK = 1;

/** A daemon that was started by hand. */
interface Alone extends AsyncDisposable {
  /** Ends it as Ctrl-C does; its exit code. */
  stop(): Promise<number>;
}

/** `deno run -P=NAME services/NAME/main.ts ...`, until it says ready. */
async function start(
  name: string,
  config?: string,
  args: readonly string[] = [],
): Promise<Alone> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--no-check", `-P=${name}`],
      `services/${name}/main.ts`,
      ...(config === undefined ? [] : ["--config", "-"]),
      ...args,
    ],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(config ?? ""));
  await stdin.close();
  let said = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) said += decoder.decode(chunk);
  })();
  const alone = {
    stop: async () => {
      child.kill("SIGTERM");
      await reading;
      return (await child.status).code;
    },
    [Symbol.asyncDispose]: async () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
    },
  };
  const ready = () => said.includes(`info ${name}: ready`);
  await eventually(ready, { withinMs: READY_MS }).catch(async (thrown) => {
    await alone[Symbol.asyncDispose]();
    throw new Error(`${name} is not ready: ${said}`, { cause: thrown });
  });
  return alone;
}

/** The reply, or the code and text of the failure. */
async function seen<T>(call: Promise<T>) {
  try {
    return { reply: await call };
  } catch (thrown) {
    assert(thrown instanceof RpcError, String(thrown));
    return { code: thrown.codeName, text: thrown.message };
  }
}

async function bringUp(...addresses: string[]): Promise<void> {
  const netlink = new Rtnetlink(realSys, systemClock);
  await netlink.change(setLinkUp(LOOPBACK), "bring lo up");
  for (const address of addresses) {
    const prefix = parsePrefix(address)!;
    await netlink.change(addAddress(LOOPBACK, prefix), `add ${address}`);
  }
}

async function timed() {
  await bringUp();
  const now = () => Date.now() + 5_000;
  await startSntpResponder({ host: "127.0.0.1", now });
  await using daemon = await start(
    "timed",
    "machine: { time: { servers: [127.0.0.1] } }",
  );
  const channel = connect({ target: { socket: SOCKETS.timed } });
  const time = createClient(TimeService, channel);
  const ms = (at: Time["localtime"]) =>
    Number(at!.seconds) * 1000 + at!.nanos / 1e6;
  const read = async (call: Promise<{ messages: Time[] }>) => {
    const { reply, ...failed } = await seen(call);
    if (!reply) return failed;
    const [{ server, localtime, remotetime }] = reply.messages as [Time];
    return { server, offsetMs: ms(remotetime) - ms(localtime) };
  };
  return {
    time: await read(time.time({}, { metadata })),
    check: await read(time.timeCheck({ server: "127.0.0.1" }, { metadata })),
    nonsense: await read(time.timeCheck({ server: "a b" }, { metadata })),
    stranger: await read(time.time({})),
    exit: await daemon.stop(),
  };
}

async function networkd() {
  await Deno.mkdir("/system/etc", { recursive: true });
  await using daemon = await start(
    "networkd",
    `machine:
  network:
    nameservers: [10.5.0.1, 10.5.0.9]
    extraHostEntries: [{ ip: 10.5.0.7, aliases: [seven] }]
`,
  );
  const channel = connect({ target: { socket: SOCKETS.networkd } });
  const ready = await createClient(Health, channel).ready({}, { metadata });
  const network = createClient(NetworkService, channel);
  const links = (await network.interfaces({}, { metadata })).messages[0]!;
  const routes = (await network.routes({}, { metadata })).messages[0]!;
  const lo = links.interfaces.find(({ name }) => name === "lo")!;
  return {
    ready: ready.messages[0]!.status,
    lo: { flags: lo.flags, ipaddress: lo.ipaddress },
    routes: routes.routes.map(({ destination }) => destination),
    resolvers: await Deno.readTextFile("/system/etc/resolv.conf"),
    hosts: await Deno.readTextFile("/system/etc/hosts"),
    etc: (await Array.fromAsync(Deno.readDir("/system/etc"))).length,
    exit: await daemon.stop(),
  };
}

async function routerd() {
  await using daemon = await start("routerd");
  const channel = connect({ target: { socket: SOCKETS.routerd } });
  return {
    down: await seen(createClient(MachineService, channel).version({})),
    stranger: await seen(createClient(Health, channel).check({})),
    exit: await daemon.stop(),
  };
}

/** A machine CA, and the config of a control plane that has it. */
async function controlPlane() {
  const pair = await generateCa({ kind: "machine" });
  const config = `machine:
  type: controlplane
  token: abcdef.0123456789abcdef
  ca: { crt: ${toBase64(pair.crt)}, key: ${toBase64(pair.key)} }
cluster:
  controlPlane: { endpoint: "https://10.5.0.2:6443" }
`;
  return { pair, config };
}

async function apid() {
  await bringUp("10.5.0.2/32");
  const { pair, config } = await controlPlane();
  await using router = await start("routerd");
  await using daemon = await start("apid", config, ["--address", "10.5.0.2"]);
  const target = { host: "10.5.0.2", port: PORTS.apid };
  const admin = await issueAdmin(await Ca.load(pair));
  const call = (tls: { crt?: string; key?: string }, nodes?: string) =>
    seen(
      createClient(
        MachineService,
        connect({
          target,
          tls: { ca: pair.crt, ...tls },
          ...(nodes !== undefined && { metadata: { nodes } }),
        }),
      ).version({}, { timeoutMs: 5_000 }),
    );
  const relayed = await call(admin, "10.5.0.2");
  return {
    direct: await call(admin),
    relayed: relayed.reply?.messages.map(({ metadata }) => metadata),
    nobody: (await call({})).code,
    exits: [await daemon.stop(), await router.stop()],
  };
}

async function trustd() {
  // Who connects to an address of its own comes from it.
  await bringUp("10.5.0.2/32", "10.5.0.9/32");
  const { pair, config } = await controlPlane();
  await using daemon = await start("trustd", config, ["--address", "10.5.0.2"]);
  const ask = (token: string, from: string) =>
    trustdRequester({
      endpoints: () => ["10.5.0.2"],
      resolve: () => Promise.resolve([from]),
      token,
      ca: pair.crt,
      subject: () => ({ names: ["worker-1"], addresses: [from] }),
      warn: () => {},
    })(AbortSignal.timeout(10_000));
  const refusal = (asked: Promise<unknown>) =>
    asked.then(() => "granted", (thrown: Error) => thrown.message);
  const { crt } = await ask("abcdef.0123456789abcdef", "10.5.0.9");
  return {
    signed: isSignedBy(crt, pair.crt),
    subject: readSubject(certificateDer(crt)),
    stranger: await refusal(ask("abcdef.0000000000000000", "10.5.0.9")),
    own: await refusal(ask("abcdef.0123456789abcdef", "10.5.0.2")),
    exit: await daemon.stop(),
  };
}

const SCENES = { apid, networkd, routerd, timed, trustd };

/** What each scene reports. */
export type Seen = {
  [Name in keyof typeof SCENES]: Awaited<ReturnType<typeof SCENES[Name]>>;
};

if (import.meta.main) {
  const scene = SCENES[Deno.args[0] as keyof typeof SCENES];
  const text = JSON.stringify(await scene());
  await Deno.stdout.write(new TextEncoder().encode(text));
  Deno.exit(0);
}
