/** apid on loopback: who gets in, with which roles, before and after rotation. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ClientConnection } from "#lib/http2/client.ts";
import { LOCAL_LIMITS } from "#lib/http2/limits.ts";
import { createLogger } from "#lib/log.ts";
import { Ca, generateCa } from "#lib/pki/mod.ts";
import { answer, Backend, framed, TestClient } from "#lib/relay/test_calls.ts";
import { listenUnix } from "#lib/relay/sockets.ts";
import type { DaemonContext } from "#lib/worker/daemon.ts";
import type { Identity } from "#lib/worker/protocol.ts";
import { eventually } from "#tests/eventually.ts";
import { runApid } from "./daemon.ts";
import {
  CurrentIdentity,
  isClientCertificate,
  trustdConfig,
} from "./identity.ts";
import { dialNode } from "./tls.ts";

const VERSION = "/machine.MachineService/Version";

async function testCa() {
  const pair = await generateCa({ kind: "machine" });
  const ca = await Ca.load(pair);
  const issue = async (
    organizations: string[],
    usages: ("server" | "client")[] = ["client"],
  ): Promise<Identity> => ({
    ca: pair.crt,
    ...await ca.issuePair({
      organizations,
      usages,
      addresses: ["127.0.0.1"],
    }),
  });
  return { issue, crt: pair.crt };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** A running apid with a routerd that answers everything. */
async function startApid(identity: Identity) {
  const dir = await Deno.makeTempDir();
  const stop = new AbortController();
  const backend = new Backend((call) => answer(call, [framed(0x0a, 0)]));
  const [routerdSocket, socket] = [
    join(dir, "r/r.sock"),
    join(dir, "a/a.sock"),
  ];
  const routerd = await listenUnix(
    routerdSocket,
    (transport) => backend.serve(transport),
    () => {},
  );
  const port = freePort();
  const source = new CurrentIdentity();
  const state = { ready: false, notices: [] as string[] };
  const context: DaemonContext = {
    config: {
      config: {},
      node: { mode: "container", hostname: "n", version: "", addresses: [] },
    },
    log: createLogger(() => {}),
    signal: stop.signal,
    ready: () => state.ready = true,
    health() {},
    notice: (text) => state.notices.push(text),
    onConfig() {},
  };
  const done = runApid(context, source, {
    host: "127.0.0.1",
    port,
    remotePort: port,
    socket,
    routerd: routerdSocket,
  });
  assertEquals(state.ready, false);
  source.set(identity);
  await eventually(() => state.ready);
  return {
    port,
    socket,
    source,
    state,
    backend,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("stop"));
      await done;
      await routerd.stop(10);
      await Deno.remove(dir, { recursive: true });
    },
  };
}

/** Connects with `identity` and makes one call; returns the trailers. */
async function callAs(identity: Identity, port: number, nodes: string[] = []) {
  const dial = dialNode({
    identity: () => identity,
    resolve: () => Promise.reject(new Error("no names")),
    port,
  });
  const target = { name: "", host: "127.0.0.1", address: "" };
  const transport = await dial(target)(AbortSignal.timeout(5_000));
  const connection = new ClientConnection({ limits: LOCAL_LIMITS });
  connection.attach(transport);
  const client = new TestClient(connection);
  const outcome = client.call(VERSION, {
    metadata: nodes.map((node) => ["nodes", node]),
  });
  try {
    await eventually(() => outcome.over, { withinMs: 5_000 });
    assert(!outcome.over!.startsWith("reset"), outcome.over);
    return outcome;
  } finally {
    connection.shutdown();
  }
}

Deno.test("apid on loopback", async (t) => {
  const { issue } = await testCa();
  const other = await testCa();
  const node = await issue(["os:impersonator"], ["server", "client"]);
  await using apid = await startApid(node);
  const { port, backend, socket, source, state } = apid;
  const roles = () => backend.calls.at(-1)!.fields.all("talos-role");

  const admitted: [string, string[], string[]][] = [
    ["an administrator", ["os:admin"], ["os:admin"]],
    ["the empty organization of the seed era", [""], ["os:admin"]],
    ["two roles", ["os:reader", "os:operator"], ["os:reader", "os:operator"]],
    ["an unknown role", ["system:masters"], []],
    ["no organization", [], []],
  ];
  for (const [name, organizations, expected] of admitted) {
    await t.step(
      `${name} gets in with ${expected.join(", ") || "no role"}`,
      async () => {
        await callAs(await issue(organizations), port);
        assertEquals(roles(), expected);
      },
    );
  }

  await t.step("another CA does not get in", async () => {
    const stranger = await other.issue(["os:admin"]);
    const mixed = { ...stranger, ca: node.ca };
    await assertRejects(() => callAs(mixed, port));
  });

  await t.step("a server's certificate does not get in", async () => {
    await assertRejects(async () =>
      callAs(await issue([""], ["server"]), port)
    );
  });

  await t.step("a call to itself goes over TLS, roles intact", async () => {
    const outcome = await callAs(await issue(["os:reader"]), port, [
      "127.0.0.1",
    ]);
    assertEquals(outcome.body.length > 10, true);
    assertEquals(roles(), ["os:reader"]);
    assertMatch(
      backend.calls.at(-1)!.fields.get("proxyfrom")!,
      /^10\.5\.0\.2:50000$/,
    );
  });

  await t.step(
    "the unix socket is for administrators, and private",
    async () => {
      const stat = await Deno.stat(socket.slice(0, socket.lastIndexOf("/")));
      assertEquals(stat.mode! & 0o777, 0o700);
      const { dialUnix } = await import("#lib/relay/sockets.ts");
      const connection = new ClientConnection({ limits: LOCAL_LIMITS });
      connection.attach(await dialUnix(socket)(AbortSignal.timeout(5_000)));
      const outcome = new TestClient(connection).call(VERSION);
      await eventually(() => outcome.over);
      assertEquals(roles(), ["os:admin"]);
      connection.shutdown();
    },
  );

  await t.step(
    "a new certificate is shown, open connections stay",
    async () => {
      const admin = await issue(["os:admin"]);
      const dial = dialNode({
        identity: () => admin,
        resolve: () => Promise.reject(new Error("no names")),
        port,
      });
      const target = { name: "", host: "127.0.0.1", address: "" };
      const before = new ClientConnection({ limits: LOCAL_LIMITS });
      before.attach(await dial(target)(AbortSignal.timeout(5_000)));
      source.set(await issue([], ["server"]));
      assertEquals(state.notices, ["Certificate replaced"]);
      const outcome = new TestClient(before).call(VERSION);
      await eventually(() => outcome.over);
      assertEquals(outcome.trailers[0], ["grpc-status", "0"]);
      before.shutdown();
      // The new one is for servers only: other nodes are out of reach.
      const refused = await callAs(admin, port, ["127.0.0.1"]);
      assertEquals(Object.fromEntries(refused.head)["grpc-status"], "9");
    },
  );
});

Deno.test("isClientCertificate reads the extended key usage", async () => {
  const { issue } = await testCa();
  assertEquals(isClientCertificate((await issue([], ["server"])).crt), false);
  assertEquals(
    isClientCertificate((await issue([], ["server", "client"])).crt),
    true,
  );
});

Deno.test("trustdConfig finds trustd in the config of a worker", () => {
  const config = (endpoint: string) => ({
    machine: { token: "t", ca: { crt: "" }, certSANs: ["a"] },
    cluster: { controlPlane: { endpoint } },
  });
  assertEquals(trustdConfig(config("https://10.5.0.2:6443")), {
    host: "10.5.0.2",
    token: "t",
    sans: ["a"],
  });
  assertEquals(trustdConfig(config("https://[fd00::2]:6443"))?.host, "fd00::2");
  assertEquals(trustdConfig(config("nonsense")), undefined);
  assertEquals(trustdConfig({}), undefined);
});
