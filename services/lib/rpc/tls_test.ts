/** Server and client over TLS: whom they accept, whom not, and rotation. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLogger } from "#lib/log.ts";
import { Ca, generateCa } from "#lib/pki/ca.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { type ClientTls, connect, createClient } from "./client.ts";
import { bind, serve, type Server, type ServerTls } from "./server.ts";
import { RpcError } from "./status.ts";

const pair = await generateCa({ kind: "machine" });
const ca = await Ca.load(pair);
const otherPair = await generateCa({ kind: "machine" });
const other = await Ca.load(otherPair);
const node = await ca.issuePair({
  names: ["node-1"],
  addresses: ["127.0.0.1"],
  usages: ["server", "client"],
});
const user = await ca.issuePair({ usages: ["client"] });

async function withServer(
  tls: ServerTls,
  test: (server: Server) => Promise<void>,
) {
  const server = await serve({
    listen: { host: "127.0.0.1", port: 0, tls },
    services: [bind(MachineService, { hostname: () => ({}) })],
    log: createLogger(() => {}),
    graceMs: 200,
  });
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

async function call(server: Server, tls: ClientTls | undefined) {
  const channel = connect({
    target: { host: "127.0.0.1", port: server.port },
    ...(tls && { tls }),
  });
  try {
    await createClient(MachineService, channel).hostname({}, {
      timeoutMs: 3_000,
    });
  } finally {
    channel.close();
  }
}

Deno.test("a client looks at the chain and at the name or address", async (t) => {
  const cases: [string, ClientTls, string?][] = [
    ["the address it dialled", { ca: pair.crt }],
    ["a name that it was told", { ca: pair.crt, serverName: "node-1" }],
    ["another CA", { ca: otherPair.crt }, "Unavailable"],
    ["another name", { ca: pair.crt, serverName: "node-2" }, "Unavailable"],
    [
      "another address",
      { ca: pair.crt, serverName: "127.0.0.2" },
      "Unavailable",
    ],
    ["no CA at all", {}, "Unavailable"],
    ["insecure, no CA", { insecure: true }],
    ["insecure, another name", { insecure: true, serverName: "x.y" }],
  ];
  await withServer(node, async (server) => {
    for (const [name, tls, refused] of cases) {
      await t.step(name, async () => {
        if (!refused) return await call(server, tls);
        const error = await assertRejects(() => call(server, tls), RpcError);
        assertEquals(error.codeName, refused);
      });
    }
    await t.step("no TLS", async () => {
      const error = await assertRejects(
        () => call(server, undefined),
        RpcError,
      );
      assertEquals(error.codeName, "Unavailable");
    });
  });
});

Deno.test("a server that asks for certificates takes only those of its CA", async (t) => {
  const stranger = await other.issuePair({ usages: ["client"] });
  const expired = await ca.issuePair({
    usages: ["client"],
    clock: { now: () => Date.now() - 48 * 3_600_000 },
  });
  const server = await ca.issuePair({
    addresses: ["127.0.0.1"],
    usages: ["server"],
  });
  const cases: [string, { crt: string; key: string } | undefined, boolean][] = [
    ["of the CA", user, true],
    ["none", undefined, false],
    ["of another CA with the same name", stranger, false],
    ["expired", expired, false],
    ["for servers only", server, false],
  ];
  await withServer({ ...node, clientCa: pair.crt }, async (running) => {
    for (const [name, own, allowed] of cases) {
      await t.step(name, async () => {
        const tls = { ca: pair.crt, ...own };
        if (allowed) await call(running, tls);
        else await assertRejects(() => call(running, tls), RpcError);
      });
    }
  });
});

Deno.test("rotation: new connections see the new certificate, old ones stay", async () => {
  await withServer(node, async (server) => {
    const old = connect({
      target: { host: "127.0.0.1", port: server.port },
      tls: { ca: pair.crt },
    });
    const client = createClient(MachineService, old);
    await client.hostname({});
    const next = await other.issuePair({
      addresses: ["127.0.0.1"],
      usages: ["server"],
    });
    server.setTls(next);
    await client.hostname({});
    await call(server, { ca: otherPair.crt });
    await assertRejects(() => call(server, { ca: pair.crt }), RpcError);
    old.close();
  });
});

Deno.test("rotation keeps asking for client certificates", async () => {
  await withServer({ ...node, clientCa: pair.crt }, async (server) => {
    server.setTls({ ...node, clientCa: otherPair.crt });
    await assertRejects(
      () => call(server, { ca: pair.crt, ...user }),
      RpcError,
    );
    const stranger = await other.issuePair({ usages: ["client"] });
    await call(server, { ca: pair.crt, ...stranger });
  });
});

Deno.test("sequential calls do not wait for each other's packets", async () => {
  await withServer(node, async (server) => {
    const channel = connect({
      target: { host: "127.0.0.1", port: server.port },
      tls: { ca: pair.crt },
    });
    const client = createClient(MachineService, channel);
    await client.hostname({});
    const started = performance.now();
    for (let n = 0; n < 20; n++) await client.hostname({});
    const meanMs = (performance.now() - started) / 20;
    // Delayed acknowledgements would make it 40 ms.
    assert(meanMs < 25, `a call took ${meanMs} ms`);
    channel.close();
  });
});
