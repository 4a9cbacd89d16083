/** Uploads of snapshots, and the bootstraps after them, over a real socket. */
import { assertEquals, assertRejects } from "@std/assert";
import { effective } from "#lib/config/mod.ts";
import { createLogger } from "#lib/log.ts";
import { connect, createClient } from "#lib/rpc/client.ts";
import { bind, serve } from "#lib/rpc/server.ts";
import { type CodeName, RpcError } from "#lib/rpc/status.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { eventually } from "#tests/eventually.ts";
import { inTemp } from "#tests/in_temp.ts";
import { snapshotOf } from "#tests/snapshots.ts";
import { EtcdControl } from "../etcd/control.ts";
import { EtcdRecovery } from "../etcd/recovery.ts";
import { BootstrapWish } from "../etcd/wish.ts";
import { MemoryFiles } from "../files.ts";
import { etcdHandlers } from "./etcd_handlers.ts";

const HERE = "/var/lib/etcd";
const GOOD = await snapshotOf(256 << 10);
const FLIPPED = GOOD.map((byte, at) => at === 100_000 ? byte ^ 1 : byte);

async function* pieces(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 10_000) {
    yield await Promise.resolve({ bytes: bytes.subarray(at, at + 10_000) });
  }
}

/** A control plane with nothing on it, unless it says otherwise. */
async function withNode(
  { type = "controlplane", data = false, sizeMax }: {
    type?: "controlplane" | "join";
    data?: boolean;
    sizeMax?: number;
  },
  test: (node: {
    client: ReturnType<typeof createClient<typeof MachineService>>;
    files: MemoryFiles;
    wish: BootstrapWish;
  }) => Promise<void>,
) {
  const files = new MemoryFiles();
  if (data) await files.mkdir(`${HERE}/member`, 0o700);
  const wish = new BootstrapWish();
  const none = () => Promise.reject(new Error("not here"));
  const etcd = new EtcdControl({
    input: () => ({ config: effective({ machine: { type } } as never) }),
    recovery: new EtcdRecovery({
      ...{ files, ...sizeMax !== undefined && { sizeMax } },
    }),
    peers: { addresses: none, connect: () => ({}) as never },
    service: { stop: none },
    ...{ files, wish, open: none },
  });
  await inTemp(async (folder) => {
    const socket = `${folder}/machine.sock`;
    const server = await serve({
      listen: { socket },
      services: [bind(MachineService, etcdHandlers(etcd))],
      log: createLogger(() => {}),
      graceMs: 300,
    });
    const channel = connect({ target: { socket } });
    try {
      const client = createClient(MachineService, channel);
      await test({ client, files, wish });
    } finally {
      channel.close();
      await server.stop();
    }
  });
}

async function refused(
  call: () => Promise<unknown>,
  { code, text }: { code: CodeName; text: string },
) {
  const error = await assertRejects(call, RpcError, text);
  assertEquals(error.codeName, code);
}

const names = (files: MemoryFiles) => [...files.files.keys()];

Deno.test("upload: whole, then a bootstrap with it", async () => {
  await withNode({}, async ({ client, files, wish }) => {
    await client.etcdRecover(pieces(GOOD));
    assertEquals(names(files), [`${HERE}/recover.snapshot`]);
    const asked = wish.asked();
    await client.bootstrap({ recoverEtcd: true });
    assertEquals(names(files), [`${HERE}/restore.snapshot`]);
    await asked;
    // Never an empty cluster in place of that.
    assertEquals(wish.wanted(true), false);
  });
});

Deno.test("upload: a bootstrap needs one, with the right hash", async () => {
  await withNode({}, async ({ client, files }) => {
    const recover = () => client.bootstrap({ recoverEtcd: true });
    const code = "FailedPrecondition";
    await refused(recover, { code, text: "no snapshot has been uploaded" });
    await client.etcdRecover(pieces(FLIPPED));
    await refused(recover, { code, text: "the snapshot is damaged" });
    assertEquals(names(files), [`${HERE}/recover.snapshot`]);
    await client.bootstrap({ recoverEtcd: true, recoverSkipHashCheck: true });
    assertEquals(names(files), [`${HERE}/restore-unverified.snapshot`]);
  });
});

Deno.test("upload: cut off by its sender, nothing is left", async () => {
  await withNode({}, async ({ client, files }) => {
    async function* torn() {
      yield* pieces(GOOD.subarray(0, 100_000));
      throw new Error("the disk is gone");
    }
    await assertRejects(() => client.etcdRecover(torn()), Error, "disk");
    // The node learns of it a moment later.
    await eventually(async () => {
      await client.etcdRecover(pieces(GOOD.subarray(0, 1_000)));
      return true;
    });
    assertEquals(names(files), [`${HERE}/recover.snapshot`]);
    assertEquals(files.files.get(names(files)[0]!)!.mode, 0o600);
  });
});

Deno.test("upload: too large, the sender is stopped", async () => {
  await withNode({ sizeMax: 50_000 }, async ({ client, files }) => {
    await refused(() => client.etcdRecover(pieces(GOOD)), {
      code: "ResourceExhausted",
      text: "larger than 50000 bytes",
    });
    assertEquals(names(files), []);
  });
});

Deno.test("upload: refused before a byte, on a worker and where data are", async () => {
  for (
    const { node, code, text } of [
      {
        node: { type: "join" },
        code: "FailedPrecondition",
        text: "etcd runs on control plane nodes only",
      },
      {
        node: { data: true },
        code: "AlreadyExists",
        text: "etcd data directory is not empty",
      },
    ] as const
  ) {
    await withNode(node, async ({ client, files }) => {
      const never = Promise.withResolvers<void>();
      async function* silent() {
        await never.promise;
        yield { bytes: GOOD };
      }
      await refused(() => client.etcdRecover(silent()), { code, text });
      assertEquals(names(files), []);
      never.resolve();
    });
  }
});

Deno.test("upload: a plain bootstrap forgets it", async () => {
  await withNode({}, async ({ client, files, wish }) => {
    await client.etcdRecover(pieces(GOOD));
    await client.bootstrap({});
    assertEquals(names(files), []);
    assertEquals(wish.wanted(false), true);
    await refused(() => client.bootstrap({ recoverEtcd: true }), {
      code: "FailedPrecondition",
      text: "no snapshot has been uploaded",
    });
  });
});
