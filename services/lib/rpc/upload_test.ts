/** Calls that take a stream of requests, over real sockets. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { MachineService } from "#proto/machine_pb.ts";
import { createLogger } from "#lib/log.ts";
import { eventually } from "#tests/eventually.ts";
import type { ServiceHandlers } from "./call.ts";
import { connect, createClient } from "./client.ts";
import { bind, serve } from "./server.ts";
import { Code, RpcError, rpcError } from "./status.ts";

type Recover = NonNullable<
  ServiceHandlers<typeof MachineService>["etcdRecover"]
>;

async function withUpload(
  etcdRecover: Recover,
  test: (
    client: ReturnType<typeof createClient<typeof MachineService>>,
    log: readonly string[],
  ) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const socket = `${folder}/machine.sock`;
  const lines: string[] = [];
  const server = await serve({
    listen: { socket },
    services: [bind(MachineService, { etcdRecover })],
    log: createLogger((line) => lines.push(line)),
    graceMs: 300,
  });
  const channel = connect({ target: { socket } });
  try {
    await test(createClient(MachineService, channel), lines);
  } finally {
    channel.close();
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** `count` pieces of 64 KiB; `taken` says how many were asked for. */
function pieces(count: number) {
  const source = { taken: 0, ended: false, all };
  async function* all() {
    try {
      for (; source.taken < count; source.taken++) {
        yield await Promise.resolve({ bytes: new Uint8Array(64 << 10) });
      }
    } finally {
      source.ended = true;
    }
  }
  return source;
}

Deno.test("all pieces come in order, then the one answer", async () => {
  const seen: number[] = [];
  await withUpload(async (requests) => {
    for await (const { bytes } of requests) seen.push(bytes[0]!);
    return { messages: [{}] };
  }, async (client, log) => {
    async function* numbered() {
      for (let at = 0; at < 200; at++) {
        yield await Promise.resolve({ bytes: new Uint8Array(3000).fill(at) });
      }
    }
    const answer = await client.etcdRecover(numbered());
    assertEquals(answer.messages.length, 1);
    assertEquals(seen, Array.from({ length: 200 }, (_, at) => at));
    await eventually(() => log.some((line) => line.includes(" stream ")));
  });
});

Deno.test("none at all is a good stream too", async () => {
  await withUpload(async (requests) => {
    for await (const _ of requests) throw new Error("a piece");
    return { messages: [{}] };
  }, async (client) => {
    const answer = await client.etcdRecover(pieces(0).all());
    assertEquals(answer.messages.length, 1);
  });
});

Deno.test("a server that does not pull halts the sender", async () => {
  const go = Promise.withResolvers<void>();
  let count = 0;
  await withUpload(async (requests) => {
    await go.promise;
    for await (const _ of requests) count++;
    return { messages: [{}] };
  }, async (client) => {
    const source = pieces(1_000);
    const answer = client.etcdRecover(source.all());
    // What windows and queues hold is far from the 64 MB of the source.
    let before = -1;
    await eventually(() => {
      const still = source.taken > 0 && source.taken === before;
      before = source.taken;
      return still;
    });
    assert(source.taken < 200, `${source.taken} pieces were taken`);
    go.resolve();
    await answer;
    assertEquals(count, 1_000);
  });
});

Deno.test("a refusal in the middle ends the source", async () => {
  await withUpload(async (requests) => {
    for await (const _ of requests) {
      throw rpcError("ResourceExhausted", "no room");
    }
    return { messages: [] };
  }, async (client) => {
    const source = pieces(100_000);
    const error = await assertRejects(
      () => client.etcdRecover(source.all()),
      RpcError,
      "no room",
    );
    assertEquals(error.problem.code, Code.ResourceExhausted);
    await eventually(() => source.ended);
    assert(source.taken < 1_000);
  });
});

Deno.test("a source that fails cancels the call", async () => {
  let failed: unknown;
  const got = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  await withUpload(async (requests) => {
    try {
      for await (const _ of requests) got.resolve();
    } catch (thrown) {
      failed = thrown;
      ended.resolve();
      throw thrown;
    }
    return { messages: [] };
  }, async (client) => {
    async function* broken() {
      yield { bytes: new Uint8Array(1) };
      await got.promise;
      throw new Error("the disk is gone");
    }
    await assertRejects(
      () => client.etcdRecover(broken()),
      Error,
      "the disk is gone",
    );
    await ended.promise;
    assert(failed instanceof RpcError && failed.message.includes("canceled"));
  });
});

Deno.test("a deadline reaches a server that waits for more", async () => {
  const ended = Promise.withResolvers<unknown>();
  await withUpload(async (requests) => {
    try {
      for await (const _ of requests);
    } catch (thrown) {
      ended.resolve(thrown);
    }
    return { messages: [] };
  }, async (client) => {
    const never = Promise.withResolvers<void>();
    async function* slow() {
      await never.promise;
      yield {};
    }
    await assertRejects(
      () => client.etcdRecover(slow(), { timeoutMs: 50 }),
      RpcError,
      "Deadline exceeded",
    );
    assert(await ended.promise instanceof RpcError);
    never.resolve();
  });
});
