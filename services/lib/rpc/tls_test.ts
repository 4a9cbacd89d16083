/** Server and client over TLS: whom they accept, whom not, and rotation. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect as connectHttp2 } from "node:http2";
import { createConnection } from "node:net";
import { connect as connectTls } from "node:tls";
import { createLogger } from "#lib/log.ts";
import { Ca, generateCa } from "#lib/pki/ca.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { eventually } from "#tests/eventually.ts";
import { type ClientTls, connect, createClient } from "./client.ts";
import {
  bind,
  serve,
  type ServeOptions,
  type Server,
  type ServerTls,
} from "./server.ts";
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
  options: Partial<ServeOptions> = {},
) {
  const server = await serve({
    listen: { host: "127.0.0.1", port: 0, tls },
    services: [bind(MachineService, { hostname: () => ({}) })],
    log: createLogger(() => {}),
    graceMs: 200,
    ...options,
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
    let fastestMs = Infinity;
    for (let n = 0; n < 20; n++) {
      const started = performance.now();
      await client.hostname({});
      fastestMs = Math.min(fastestMs, performance.now() - started);
    }
    // Delayed acknowledgements would make each of them 40 ms.
    assert(fastestMs < 30, `the fastest call took ${fastestMs} ms`);
    channel.close();
  });
});

/** Opens `count` connections that say nothing; returns how many are closed. */
function holdSilent(port: number, count: number) {
  let closed = 0;
  const sockets = Array.from({ length: count }, () => {
    const socket = createConnection(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("close", () => closed++);
    socket.resume();
    return socket;
  });
  return {
    closed: () => closed,
    end: () => sockets.forEach((socket) => socket.destroy()),
  };
}

Deno.test("silent connections do not keep others out for long", async () => {
  const limits = { connections: 4, perAddress: 8, handshakeMs: 300 };
  await withServer(node, async (server) => {
    const held = holdSilent(server.port, 6);
    await eventually(() => held.closed() >= 2, { what: "two too many" });
    await assertRejects(() => call(server, { ca: pair.crt }), RpcError);
    await eventually(() => held.closed() === 6, {
      what: "handshakes too late",
    });
    await call(server, { ca: pair.crt });
    held.end();
  }, { limits });
});

Deno.test("one address has its share of the connections", async () => {
  const limits = { connections: 100, perAddress: 3, handshakeMs: 60_000 };
  await withServer(node, async (server) => {
    const held = holdSilent(server.port, 5);
    await eventually(() => held.closed() === 2);
    held.end();
    await eventually(() => held.closed() === 5);
    await eventually(() => call(server, { ca: pair.crt }).then(() => true));
  }, { limits });
});

Deno.test("a connection that is through its handshake stays, until idle", async () => {
  const limits = { handshakeMs: 100 };
  await withServer(node, async (server) => {
    let closed = false;
    const socket = connectTls({
      port: server.port,
      host: "127.0.0.1",
      ca: pair.crt,
      servername: "node-1",
      ALPNProtocols: ["h2"],
    });
    socket.on("error", () => {});
    socket.on("close", () => closed = true);
    const started = performance.now();
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    socket.resume();
    await eventually(() => closed, { what: "idle" });
    assert(performance.now() - started > 500, "closed before it was idle");
  }, { limits, idleMs: 700 });
});

Deno.test("a call that never ends does not hold its connection for ever", async () => {
  await withServer(node, async (server) => {
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, {
      ca: pair.crt,
      servername: "node-1",
    });
    let closed = false;
    session.on("error", () => {});
    session.on("close", () => closed = true);
    const stream = session.request({
      ":method": "POST",
      ":path": "/machine.MachineService/Hostname",
      "content-type": "application/grpc",
    });
    stream.on("error", () => {});
    stream.write(new Uint8Array([0, 0, 0, 0, 9]));
    await eventually(() => closed, { what: "too old" });
  }, { ageMs: 300, graceMs: 200 });
});
