/** Pulls against a pretend containerd: what is told, tried again, given up. */
import { assertEquals, assertRejects } from "@std/assert";
import type { StoredImage } from "#lib/containerd/images.ts";
import { PullError } from "#lib/containerd/pull_error.ts";
import type { TransferOptions } from "#lib/containerd/transfer.ts";
import { rpcError } from "#lib/rpc/status.ts";
import { Images } from "./images.ts";
import { FakeClock } from "./supervisor/fake.ts";

const NAME = "r.test/i:1";
const IMAGE: StoredImage = {
  name: NAME,
  digest: "sha256:d",
  config: { entrypoint: [], cmd: [], env: [], workingDir: "", diffIds: [] },
};
const FOREVER = new AbortController().signal;

function setUp(
  transfer: (options: TransferOptions) => Promise<void>,
  more: { silenceMs?: number } = {},
) {
  const clock = new FakeClock();
  const told: string[] = [];
  const did: string[] = [];
  let there = false;
  const images = new Images({
    containerd: {
      getImage: () => Promise.resolve(there ? IMAGE : undefined),
      transferImage: async (options) => {
        await transfer(options);
        there = true;
      },
      prepareRoot: (key) => Promise.resolve(void did.push(key)).then(() => []),
      removeRoot: (key) => Promise.resolve(void did.push(`no ${key}`)),
    },
    registries: () => ({
      mirrors: { "*": { endpoints: ["http://m:5000"] } },
      config: { "m:5000": { auth: { username: "u", password: "p" } } },
    }),
    hostsDir: "/etc/cri/certs.d",
    platform: { os: "linux", architecture: "amd64" },
    clock,
    ...more,
  });
  const options = { tell: (text: string) => void told.push(text) };
  return { images, clock, told, did, options };
}

Deno.test("a pull tells its start, how far it is now and then, its end", async () => {
  const { images, told, clock, options } = setUp(async (options) => {
    assertEquals(options.auth("m:5000"), { username: "u", password: "p" });
    assertEquals(options.auth("r.test"), undefined);
    for (let done = 0; done <= 4; done++) {
      options.progress({ doneBytes: done * 1e6, totalBytes: 4e6 });
      await clock.sleep(1_000);
    }
  });
  await images.provide(NAME, { ...options, signal: FOREVER });
  assertEquals(told, [
    `Pulling image "${NAME}" from m:5000, r.test`,
    `Pulling image "${NAME}": 2.0 of 4.0 MB`,
    `Pulling image "${NAME}": 4.0 of 4.0 MB`,
    `Pulled image "${NAME}" in 5.0 s, 4.0 MB: sha256:d`,
  ]);
  // It is there: nothing more is pulled.
  await images.provide(NAME, { ...options, signal: FOREVER });
  assertEquals(told.length, 4);
});

Deno.test("a failed pull is told and tried again, slower and slower", async () => {
  let failures = 7;
  const { images, told, clock, options } = setUp(() =>
    failures-- > 0
      ? Promise.reject(rpcError("NotFound", "not found"))
      : Promise.resolve()
  );
  await images.provide(NAME, { ...options, signal: FOREVER });
  assertEquals(clock.slept, [
    1_000,
    2_000,
    5_000,
    10_000,
    30_000,
    30_000,
    30_000,
  ]);
  assertEquals(
    told[1],
    `Cannot pull "${NAME}" from m:5000, r.test: ` +
      "there is no such image or tag: not found; again in 1 s",
  );
});

Deno.test("one pull fails with its problem; an abort ends the trying", async () => {
  const given = new AbortController();
  const { images, options } = setUp(() => {
    given.abort(new Error("stopped"));
    return Promise.reject(rpcError("Unknown", "no space left on device"));
  });
  const thrown = await assertRejects(
    () => images.pull(NAME, { ...options, signal: FOREVER }),
    PullError,
  );
  assertEquals(thrown.problem.kind, "diskFull");
  await assertRejects(
    () => images.provide(NAME, { ...options, signal: given.signal }),
    Error,
    "stopped",
  );
});

Deno.test("a registry that says nothing any more is given up", async () => {
  const { images, options } = setUp(
    ({ signal, progress }) =>
      new Promise((_resolve, reject) => {
        progress({ doneBytes: 1, totalBytes: 2 });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    { silenceMs: 20 },
  );
  const thrown = await assertRejects(
    () => images.pull(NAME, { ...options, signal: FOREVER }),
    PullError,
    "nothing came in 0.02 s",
  );
  assertEquals(thrown.problem.kind, "unreachable");
});

Deno.test("a root is made and removed by the name of its container", async () => {
  const { images, did } = setUp(() => Promise.resolve());
  const root = images.rootOf(IMAGE);
  await root.prepare("etcd");
  await root.remove("etcd");
  assertEquals(did, ["etcd", "no etcd"]);
});
