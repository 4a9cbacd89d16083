/** A snapshot on its way to be data, and crashes on that way. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { snapshotOf } from "#tests/snapshots.ts";
import { type Files, MemoryFiles } from "../files.ts";
import { EtcdError } from "./error.ts";
import { EtcdRecovery, type Restore } from "./recovery.ts";

const { signal } = new AbortController();
const HERE = "/var/lib/etcd";
const GOOD = await snapshotOf(1024);
const FLIPPED = GOOD.map((byte, at) => at === 700 ? byte ^ 1 : byte);
const CHECKED = { skipHashCheck: false };
const UNCHECKED = { skipHashCheck: true };

async function* cut(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 300) {
    yield await Promise.resolve(bytes.subarray(at, at + 300));
  }
}

/** etcdutl, as far as files go. */
function restoreInto(files: Pick<Files, "mkdir">, seen: Restore[] = []) {
  return async (what: Restore) => {
    seen.push(what);
    await files.mkdir(`${what.into}/member`, 0o700);
  };
}

async function refused(change: () => Promise<unknown>, text: string) {
  await assertRejects(change, EtcdError, text);
}

function names(files: MemoryFiles): string[] {
  return [...files.files.keys(), ...files.directories.keys()]
    .filter((path) => path.startsWith(`${HERE}/`))
    .map((path) => path.slice(HERE.length + 1)).sort();
}

Deno.test("recovery: received, ordered, restored, nothing is left", async () => {
  const files = new MemoryFiles();
  const recovery = new EtcdRecovery({ files });
  const seen: Restore[] = [];
  const restore = restoreInto(files, seen);
  await recovery.receive(cut(GOOD), signal);
  assertEquals(await recovery.carryOut(restore), false);
  await recovery.order(CHECKED);
  assertEquals(await recovery.carryOut(restore), true);
  assertEquals(seen, [{
    snapshot: `${HERE}/restore.snapshot`,
    skipHashCheck: false,
    into: `${HERE}/restored`,
  }]);
  assertEquals(names(files), ["member"]);
  await refused(() => recovery.receive(cut(GOOD), signal), "is not empty");
});

Deno.test("recovery: one flipped byte, unless nobody wants to know", async () => {
  const files = new MemoryFiles();
  const recovery = new EtcdRecovery({ files });
  await recovery.receive(cut(FLIPPED), signal);
  await refused(() => recovery.order(CHECKED), "the snapshot is damaged");
  assertEquals(await recovery.carryOut(restoreInto(files)), false);
  await recovery.order(UNCHECKED);
  const seen: Restore[] = [];
  await recovery.carryOut(restoreInto(files, seen));
  assertEquals(seen[0]!.skipHashCheck, true);
  assertEquals(seen[0]!.snapshot, `${HERE}/restore-unverified.snapshot`);
});

Deno.test("recovery: something else is never restored", async () => {
  const recovery = new EtcdRecovery({ files: new MemoryFiles() });
  await refused(() => recovery.order(CHECKED), "no snapshot has been uploaded");
  await recovery.receive(cut(new Uint8Array(1024)), signal);
  await refused(() => recovery.order(UNCHECKED), "no snapshot of etcd");
});

Deno.test("recovery: the last order is the only one", async () => {
  const files = new MemoryFiles();
  const recovery = new EtcdRecovery({ files });
  await recovery.receive(cut(FLIPPED), signal);
  await recovery.order(UNCHECKED);
  await recovery.receive(cut(GOOD), signal);
  await recovery.order(CHECKED);
  assertEquals(names(files), ["restore.snapshot"]);
  await recovery.receive(cut(FLIPPED), signal);
  await recovery.drop();
  assertEquals(names(files), []);
  await refused(() => recovery.order(UNCHECKED), "no snapshot has been");
});

Deno.test("recovery: one at a time, and none while one is restored", async () => {
  const files = new MemoryFiles();
  const recovery = new EtcdRecovery({ files });
  const go = Promise.withResolvers<void>();
  async function* slow() {
    yield GOOD.subarray(0, 1);
    await go.promise;
    yield GOOD.subarray(1);
  }
  const received = recovery.receive(slow(), signal);
  await refused(() => recovery.receive(cut(GOOD), signal), "being received");
  await refused(() => recovery.order(CHECKED), "being received");
  await refused(() => recovery.drop(), "being received");
  go.resolve();
  await received;
  await recovery.order(CHECKED);
  await recovery.carryOut(async (what) => {
    await refused(() => recovery.receive(cut(GOOD), signal), "being restored");
    await refused(() => recovery.drop(), "being restored");
    await restoreInto(files)(what);
  });
  assertEquals(names(files), ["member"]);
});

Deno.test("recovery: what is cut off, silent or too large leaves nothing", async () => {
  const files = new MemoryFiles();
  const recovery = new EtcdRecovery({ files, sizeMax: 1055, silenceMs: 20 });
  await recovery.receive(cut(GOOD.subarray(0, 1055)), signal);
  async function* torn() {
    yield* cut(GOOD.subarray(0, 600));
    throw new Error("context canceled");
  }
  await assertRejects(
    () => recovery.receive(torn(), signal),
    Error,
    "canceled",
  );
  await refused(() => recovery.receive(cut(GOOD), signal), "larger than 1055");
  const never = Promise.withResolvers<void>();
  async function* silent() {
    yield GOOD.subarray(0, 600);
    await never.promise;
  }
  await refused(() => recovery.receive(silent(), signal), "nothing came in");
  never.resolve();
  assertEquals(names(files), []);
  await refused(() => recovery.order(UNCHECKED), "no snapshot has been");
});

Deno.test("recovery: a node that joined meanwhile keeps nothing", async () => {
  const files = new MemoryFiles();
  const recovery = new EtcdRecovery({ files });
  async function* late() {
    yield* cut(GOOD);
    await files.mkdir(`${HERE}/member`, 0o700);
    await recovery.tidy({ hasData: true });
  }
  await refused(() => recovery.receive(late(), signal), "is not empty");
  assertEquals(names(files), ["member"]);
});

/** Lets `left` changes happen, then the power goes. */
function failing(files: MemoryFiles, left: number) {
  const step = () => {
    if (left-- === 0) throw new Error("power");
  };
  const wrapped: ConstructorParameters<typeof EtcdRecovery>[0]["files"] = {
    mkdir: (path, mode) => (step(), files.mkdir(path, mode)),
    replace: (path, bytes, mode) => (step(), files.replace(path, bytes, mode)),
    move: (from, to) => (step(), files.move(from, to)),
    remove: (path) => (step(), files.remove(path)),
    removeTree: (path) => (step(), files.removeTree(path)),
    realPath: (path) => files.realPath(path),
  };
  return { wrapped, spent: () => left < 0 };
}

Deno.test("recovery: a crash anywhere leaves the order or the data", async () => {
  let crashes = 0;
  for (let at = 0;; at++) {
    const files = new MemoryFiles();
    const first = new EtcdRecovery({ files });
    await first.receive(cut(FLIPPED), signal);
    await first.order(UNCHECKED);
    // Of an earlier try.
    await files.mkdir(`${HERE}/restored/member`, 0o700);
    const { wrapped, spent } = failing(files, at);
    const crashing = new EtcdRecovery({ files: wrapped });
    const run = async () => {
      await crashing.tidy({ hasData: false });
      await crashing.carryOut(restoreInto(wrapped));
    };
    await run().catch(() => {});
    if (!spent()) break;
    crashes++;
    // After it, as the service of etcd does.
    const next = new EtcdRecovery({ files });
    const hasData = await files.realPath(`${HERE}/member`) !== undefined;
    await next.tidy({ hasData });
    const again = await next.carryOut(restoreInto(files));
    assert(hasData !== again, `after step ${at}`);
    assertEquals(names(files), ["member"], `after step ${at}`);
  }
  assert(crashes > 5);
});

Deno.test("recovery: what no bootstrap ordered does not outlive the process", async () => {
  const files = new MemoryFiles();
  await new EtcdRecovery({ files }).receive(cut(GOOD), signal);
  const next = new EtcdRecovery({ files });
  await refused(() => next.order(CHECKED), "no snapshot has been uploaded");
  await next.tidy({ hasData: false });
  assertEquals(names(files), []);
});
