/** Server and client against each other over real sockets, without TLS. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { create } from "@bufbuild/protobuf";
import { createConnection } from "node:net";
import { connect as connectHttp2 } from "node:http2";
import { AssertionError } from "#lib/assert.ts";
import { AgentError } from "#lib/errors.ts";
import { createLogger } from "#lib/log.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { TimeService } from "#proto/time_pb.ts";
import { eventually } from "#tests/eventually.ts";
import type { ServiceHandlers } from "./call.ts";
import { type Channel, connect, createClient } from "./client.ts";
import { ListenError } from "./listen.ts";
import { authorize, ROLE_METADATA } from "./roles.ts";
import { bind, serve, type ServeOptions, type Server } from "./server.ts";
import { RpcError } from "./status.ts";

interface Pair {
  readonly server: Server;
  readonly channel: Channel;
  readonly lines: string[];
  readonly client: ReturnType<typeof createClient<typeof MachineService>>;
  readonly socket: string;
}

/** Runs `test` with a server of `handlers` and a client on a unix socket. */
async function withServer(
  handlers: ServiceHandlers<typeof MachineService>,
  test: (pair: Pair) => Promise<void>,
  options: Partial<ServeOptions> = {},
) {
  const folder = await Deno.makeTempDir();
  const socket = `${folder}/run/machine.sock`;
  const lines: string[] = [];
  const server = await serve({
    listen: { socket },
    services: [bind(MachineService, handlers)],
    log: createLogger((line) => lines.push(line.slice(25))),
    graceMs: 300,
    ...options,
  });
  const channel = connect({
    target: server.port === 0
      ? { socket }
      : { host: "127.0.0.1", port: server.port },
  });
  try {
    const client = createClient(MachineService, channel);
    await test({ server, channel, lines, client, socket });
  } finally {
    channel.close();
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

const version = () => ({ messages: [{ version: { tag: "v0.9.0" } }] });

async function failure(promise: Promise<unknown>): Promise<RpcError> {
  return await assertRejects(() => promise, RpcError);
}

Deno.test("a unary call on a socket that was stale, in a folder of its own", async () => {
  const folder = await Deno.makeTempDir();
  const socket = `${folder}/run/machine.sock`;
  await Deno.mkdir(`${folder}/run`);
  const stale = Deno.listen({ transport: "unix", path: socket });
  stale.close();
  const server = await serve({
    listen: { socket },
    services: [bind(MachineService, { version })],
    log: createLogger(() => {}),
  });
  const channel = connect({ target: { socket } });
  const reply = await createClient(MachineService, channel).version({});
  assertEquals(reply.messages[0]?.version?.tag, "v0.9.0");
  channel.close();
  await server.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the socket's folder is made 0700", async () => {
  await withServer({ version }, async ({ socket }) => {
    const folder = socket.slice(0, socket.lastIndexOf("/"));
    assertEquals((await Deno.stat(folder)).mode! & 0o777, 0o700);
  });
});

Deno.test("a file that is no socket is not unlinked", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/a.sock`, "precious");
  await assertRejects(
    () =>
      serve({
        listen: { socket: `${folder}/a.sock` },
        services: [],
        log: createLogger(() => {}),
      }),
    ListenError,
    "Cannot listen on",
  );
  assertEquals(await Deno.readTextFile(`${folder}/a.sock`), "precious");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("what handlers throw becomes a status, and the server lives on", async (t) => {
  let thrown: unknown;
  const handlers = {
    version: () => {
      throw thrown;
    },
  };
  const cases = [
    {
      name: "a plain error is Unknown",
      thrown: new Error("no such thing"),
      text: "rpc error: code = Unknown desc = no such thing",
    },
    {
      name: "causes travel along",
      thrown: new Error("Cannot read", { cause: new Error("EIO") }),
      text: "rpc error: code = Unknown desc = Cannot read: EIO",
    },
    {
      name: "a kind that spells a code",
      thrown: new AgentError({ kind: "not-found" }, 'No service "x"'),
      text: 'rpc error: code = NotFound desc = No service "x"',
    },
    {
      name: "another kind is Unknown",
      thrown: new AgentError({ kind: "moon" }, "full"),
      text: "rpc error: code = Unknown desc = full",
    },
    {
      name: "a bug is Internal",
      thrown: new AssertionError("broken promise"),
      text: "rpc error: code = Internal desc = broken promise",
    },
    {
      name: "no error at all",
      thrown: "text",
      text: "rpc error: code = Unknown desc = text",
    },
    {
      name: "control characters and half a surrogate",
      thrown: new Error("a\n\ud800b"),
      text: "rpc error: code = Unknown desc = a\n\ufffdb",
    },
  ];
  await withServer(handlers, async ({ client }) => {
    for (const { name, thrown: value, text } of cases) {
      await t.step(name, async () => {
        thrown = value;
        assertEquals((await failure(client.version({}))).message, text);
      });
    }
  });
});

Deno.test("methods and services that are not served are Unimplemented", async () => {
  await withServer({ version }, async ({ client, channel }) => {
    const missing = await failure(client.reboot({}));
    assertEquals(missing.codeName, "Unimplemented");
    assertEquals(missing.details, "method Reboot not implemented");
    const other = createClient(TimeService, channel);
    assertEquals((await failure(other.time({}))).codeName, "Unimplemented");
  });
});

Deno.test("the access log has one line a call, the token hidden, keys sorted", async () => {
  await withServer({
    version,
    hostname: () => {
      throw new Error("nameless");
    },
  }, async ({ client, lines }) => {
    const metadata = { token: "secret", nodes: ["a", "b"], "x-id": "7" };
    await client.version({}, { metadata });
    await failure(client.hostname({}));
    await eventually(() => lines.length === 2);
    const shape = (line: string) =>
      line.replace(/\] [\d.]+(ms|µs|s) /, "] D ")
        .replace(/user-agent=[^;)]*/, "user-agent=U");
    assertEquals(lines.map(shape), [
      "info OK [/machine.MachineService/Version] D unary Success (nodes=a,b;token=<hidden>;user-agent=U;x-id=7)",
      "info Unknown [/machine.MachineService/Hostname] D unary rpc error: code = Unknown desc = nameless (user-agent=U)",
    ]);
    assert(!lines.join().includes("secret"));
  });
});

Deno.test("roles are read from metadata, and a missing one is none", async (t) => {
  const authorizeCall: ServeOptions["authorize"] = (call) =>
    authorize(call.path, call.metadata(ROLE_METADATA));
  await withServer({ version }, async ({ client }) => {
    const as = (role: string) => ({ metadata: { [ROLE_METADATA]: role } });
    await t.step("reader", async () => {
      await client.version({}, as("os:reader"));
    });
    for (
      const [name, options] of [
        ["none", {}],
        ["unknown", as("os:god")],
        ["impersonator", as("os:impersonator")],
      ] as const
    ) {
      await t.step(name, async () => {
        const denied = await failure(client.version({}, options));
        assertEquals(
          denied.message,
          "rpc error: code = PermissionDenied desc = /machine.MachineService/Version needs the role os:reader",
        );
      });
    }
    await t.step(
      "a reader may not reboot, though nobody implements it",
      async () => {
        const denied = await failure(client.reboot({}, as("os:reader")));
        assertEquals(denied.codeName, "PermissionDenied");
      },
    );
  }, { authorize: authorizeCall });
});

Deno.test("deadlines and cancellation reach both sides", async (t) => {
  let reason: unknown;
  const wait = (_: unknown, call: { signal: AbortSignal }) =>
    new Promise<never>((_resolve, reject) =>
      call.signal.addEventListener("abort", () => {
        reason = call.signal.reason;
        reject(call.signal.reason);
      })
    );
  await withServer({ version: wait }, async ({ client }) => {
    await t.step("deadline", async () => {
      const late = await failure(client.version({}, { timeoutMs: 50 }));
      assertEquals(late.codeName, "DeadlineExceeded");
      await eventually(() => reason !== undefined);
      reason = undefined;
    });
    await t.step("abort", async () => {
      const abort = new AbortController();
      const call = failure(client.version({}, { signal: abort.signal }));
      abort.abort();
      assertEquals((await call).codeName, "Canceled");
    });
    await t.step("abort before the start", async () => {
      const gone = failure(client.version({}, { signal: AbortSignal.abort() }));
      assertEquals((await gone).codeName, "Canceled");
    });
  });
});

Deno.test("a stream is pulled no faster than the client reads, and ends with it", async (t) => {
  let pulled = 0;
  let ended = false;
  const bytes = new Uint8Array(64 << 10);
  const endless = async function* () {
    try {
      while (true) {
        pulled++;
        yield { bytes };
        await Promise.resolve();
      }
    } finally {
      ended = true;
    }
  };
  await withServer({ read: endless }, async ({ client, lines }) => {
    await t.step("stops pulling", async () => {
      const stream = client.read({ path: "/" })[Symbol.asyncIterator]();
      await stream.next();
      let before = -1;
      await eventually(() => {
        const still = before === pulled;
        before = pulled;
        return still;
      });
      assert(pulled < 200, `pulled ${pulled} messages for one that was read`);
      const until = pulled;
      for (let read = 0; read < 300; read++) await stream.next();
      assert(pulled > until, "pulling goes on when the client reads");
      await stream.return?.();
    });
    await t.step("ends the iterator", async () => {
      await eventually(() => ended);
    });
    await eventually(() => lines.some((line) => line.includes("stream")));
  });
});

Deno.test("a stream delivers everything in order, then its error", async () => {
  const count = async function* () {
    for (let n = 0; n < 1000; n++) yield { bytes: new Uint8Array([n & 255]) };
    await Promise.resolve();
    throw new Error("disk on fire");
  };
  await withServer({ read: count }, async ({ client }) => {
    const seen: number[] = [];
    const failed = await assertRejects(async () => {
      for await (const data of client.read({ path: "/" })) {
        seen.push(data.bytes[0]!);
      }
    }, RpcError);
    assertEquals(seen, Array.from({ length: 1000 }, (_, n) => n & 255));
    assertEquals(failed.details, "disk on fire");
  });
});

Deno.test("an iterator that waits is woken when its client goes away", async () => {
  let woken = false;
  const follow = async function* (
    _: unknown,
    call: { signal: AbortSignal },
  ) {
    yield { bytes: new Uint8Array(1) };
    await new Promise((resolve) =>
      call.signal.addEventListener("abort", resolve, { once: true })
    );
    woken = true;
  };
  await withServer({ read: follow }, async ({ client, channel }) => {
    const stream = client.read({ path: "/" })[Symbol.asyncIterator]();
    await stream.next();
    channel.close();
    await stream.return?.();
    await eventually(() => woken);
  });
});

Deno.test("a message above the limit is refused, one below passes", async () => {
  const read = async function* (request: { path: string }) {
    yield { bytes: new Uint8Array([request.path.length & 255]) };
    await Promise.resolve();
  };
  await withServer({ read }, async ({ client }) => {
    const drain = async (length: number) => {
      for await (const _ of client.read({ path: "a".repeat(length) })) { /**/ }
    };
    await drain(1000);
    const refused = await assertRejects(() => drain(70_000), RpcError);
    assertEquals(refused.codeName, "ResourceExhausted");
  }, { maxMessageBytes: 64 << 10 });
});

Deno.test("stop waits for running calls up to its grace, then cuts", async (t) => {
  const gate = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const slow = async () => {
    entered.resolve();
    await gate.promise;
    return version();
  };
  await t.step("a call that ends in time is answered", async () => {
    await withServer({ version: slow }, async ({ client, server }) => {
      const call = client.version({}, { timeoutMs: 5000 });
      await entered.promise;
      const stopped = server.stop();
      gate.resolve();
      assertEquals((await call).messages.length, 1);
      await stopped;
    });
  });
  await t.step("a call that never ends is cut", async () => {
    let aborted = false;
    const never = (_: unknown, call: { signal: AbortSignal }) => {
      const { promise, reject } = Promise.withResolvers<never>();
      call.signal.addEventListener("abort", () => {
        aborted = true;
        reject(call.signal.reason);
      });
      started = true;
      return promise;
    };
    let started = false;
    await withServer({ version: never }, async ({ client, server }) => {
      const call = failure(client.version({}));
      await eventually(() => started);
      const before = performance.now();
      await server.stop();
      assert(performance.now() - before < 2_000, "stopping took too long");
      assertEquals((await call).codeName, "Unavailable");
      await eventually(() => aborted);
    });
  });
});

Deno.test("a target where nobody listens is Unavailable, and comes back", async () => {
  const folder = await Deno.makeTempDir();
  const socket = `${folder}/a.sock`;
  const channel = connect({ target: { socket } });
  const client = createClient(MachineService, channel);
  assertEquals((await failure(client.version({}))).codeName, "Unavailable");
  const server = await serve({
    listen: { socket },
    services: [bind(MachineService, { version })],
    log: createLogger(() => {}),
  });
  await eventually(() => client.version({}, { timeoutMs: 1000 }));
  channel.close();
  await server.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("hostile bytes on the port do not stop the others", async (t) => {
  await withServer({ version }, async ({ client, server }) => {
    const raw = async (bytes: Uint8Array) => {
      const socket = createConnection(server.port, "127.0.0.1");
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.on("error", () => {});
      socket.resume();
      socket.end(bytes);
      await closed;
    };
    const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const cases: [string, Uint8Array][] = [
      ["nothing", new Uint8Array()],
      ["text", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
      [
        "preface then rubbish",
        new TextEncoder().encode(preface + "x".repeat(99)),
      ],
      ["random", crypto.getRandomValues(new Uint8Array(4096))],
    ];
    for (const [name, bytes] of cases) {
      await t.step(name, async () => {
        await raw(bytes);
        await client.version({}, { timeoutMs: 2000 });
      });
    }
    await t.step("http/2 that is no grpc", async () => {
      const session = connectHttp2(`http://127.0.0.1:${server.port}`);
      session.on("error", () => {});
      const stream = session.request({ ":path": "/", ":method": "GET" });
      await new Promise((resolve) => stream.once("response", resolve));
      session.destroy();
      await client.version({}, { timeoutMs: 2000 });
    });
  }, { listen: { host: "127.0.0.1", port: 0 } });
});

Deno.test("the peer of a TCP call is its address", async () => {
  let peer = "";
  await withServer({
    version: (_, call) => {
      peer = call.peer;
      return version();
    },
  }, async ({ client }) => {
    await client.version(create(MachineService.method.version.input));
    assertEquals(peer, "127.0.0.1");
  }, { listen: { host: "127.0.0.1", port: 0 } });
});
