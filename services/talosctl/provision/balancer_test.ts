/** The balancer on the loopback: who is gone is not asked. */
import { assert, assertEquals } from "@std/assert";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import { Ca, generateCa } from "#lib/pki/mod.ts";
import { eventually } from "#tests/eventually.ts";
import { Balancer } from "./balancer.ts";

const LOOK_MS = 20;

async function certificate() {
  const pair = await generateCa({
    kind: "kubernetes",
    algorithm: "ECDSA-P256",
  });
  return await (await Ca.load(pair)).issuePair({
    ...{ algorithm: "ECDSA-P256", addresses: ["127.0.0.1"] },
    usages: ["server"],
  });
}

/** An API server that says its name; one that is mute says nothing at all. */
class Api {
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  mute = false;
  port = 0;

  constructor(name: string, pair: { crt: string; key: string }) {
    this.#server = createServer(
      { cert: pair.crt, key: pair.key },
      (_request, response) => {
        if (!this.mute) response.end(name);
      },
    );
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((up) => this.#server.listen(0, "127.0.0.1", up));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}

/** Asks through the balancer; who answered, or nothing. */
function ask(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      host: "127.0.0.1",
      port,
      rejectUnauthorized: false,
    });
    let said = "";
    socket.on("secureConnect", () => {
      socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    });
    socket.on(
      "data",
      (bytes: Uint8Array) => said += new TextDecoder().decode(bytes),
    );
    socket.on("error", () => {});
    socket.on("close", () => resolve(/\n(api-\d)/.exec(said)?.[1]));
  });
}

Deno.test("balancer: all are used; one that dies is missed by nobody", async () => {
  const pair = await certificate();
  const apis = [1, 2, 3].map((n) => new Api(`api-${n}`, pair));
  for (const api of apis) await api.listen();
  const balancer = await Balancer.start({
    listen: { host: "127.0.0.1", port: 0 },
    backends: apis.map(({ port }) => ({ host: "127.0.0.1", port })),
    lookMs: LOOK_MS,
  });
  try {
    const used = new Set<string | undefined>();
    for (let n = 0; n < 12; n++) used.add(await ask(balancer.port));
    assertEquals([...used].sort(), ["api-1", "api-2", "api-3"]);
    await apis[0]!.close();
    for (let n = 0; n < 12; n++) {
      const who = await ask(balancer.port);
      assert(who === "api-2" || who === "api-3", `${who}`);
    }
  } finally {
    await balancer.close();
    for (const api of apis.slice(1)) await api.close();
  }
});

Deno.test("balancer: connections to one that is silent are closed", async () => {
  const pair = await certificate();
  const api = new Api("api-1", pair);
  await api.listen();
  const balancer = await Balancer.start({
    listen: { host: "127.0.0.1", port: 0 },
    backends: [{ host: "127.0.0.1", port: api.port }],
    lookMs: LOOK_MS,
  });
  try {
    await eventually(async () => await ask(balancer.port) === "api-1");
    api.mute = true;
    // It would never end by itself.
    assertEquals(await ask(balancer.port), undefined);
  } finally {
    await balancer.close();
    await api.close();
  }
});
