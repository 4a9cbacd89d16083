/** Tests of container runs against a pretend containerd. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Containerd, TaskRecord } from "#lib/containerd/client.ts";
import { serviceSpec } from "#lib/containerd/spec.ts";
import { RpcError, rpcError } from "#lib/rpc/status.ts";
import { systemClock } from "#lib/clock.ts";
import { ContainerRunner } from "./runner_container.ts";

const FOREVER = new AbortController().signal;
const SPEC = serviceSpec({
  args: [],
  env: {},
  capabilities: [],
  mounts: [],
  memoryLimitBytes: 1,
  tmpSizeBytes: 1,
  cgroupsPath: "/c",
});

/** Containers and tasks in maps, with failures on order. */
class FakeContainerd {
  readonly calls: string[] = [];
  readonly containers = new Set<string>();
  readonly tasks = new Map<string, TaskRecord>();
  /** Thrown once by the next call of that name. */
  readonly failures = new Map<string, RpcError[]>();
  #exits = new Map<string, PromiseWithResolvers<number>>();
  /** What the process does with SIGTERM. */
  deaf = false;

  client(): Containerd {
    const api = {
      createContainer: ({ id }: { id: string }) => this.containers.add(id),
      deleteContainer: (id: string) => {
        if (!this.containers.delete(id)) throw rpcError("NotFound", "no");
      },
      createTask: (id: string) => {
        this.tasks.set(id, { id, pid: 77, status: "CREATED" });
        this.#exits.set(id, Promise.withResolvers());
        return 77;
      },
      startTask: (id: string) => {
        this.tasks.set(id, { id, pid: 77, status: "RUNNING" });
      },
      getTask: (id: string) => this.tasks.get(id),
      waitTask: (id: string) => this.#exits.get(id)?.promise ?? 0,
      killTask: (id: string, signal: number) => {
        if (signal === 9 || !this.deaf) this.end(id, 128 + signal);
      },
      deleteTask: (id: string) => void this.tasks.delete(id),
    };
    return Object.fromEntries(
      Object.entries(api).map(([name, call]) => [
        name,
        // deno-lint-ignore no-explicit-any
        async (...args: any[]) => {
          this.calls.push(name === "killTask" ? `kill ${args[1]}` : name);
          const failure = this.failures.get(name)?.shift();
          if (failure) throw failure;
          return await (call as (...a: unknown[]) => unknown)(...args);
        },
      ]),
    ) as unknown as Containerd;
  }

  end(id: string, status: number): void {
    this.tasks.set(id, { id, pid: 77, status: "STOPPED" });
    this.#exits.get(id)?.resolve(status);
  }

  /** A container of an earlier life. */
  leave(id: string): void {
    this.containers.add(id);
    this.tasks.set(id, { id, pid: 7, status: "RUNNING" });
    this.#exits.set(id, Promise.withResolvers());
  }
}

async function setUp() {
  const fake = new FakeContainerd();
  const stdioDir = await Deno.makeTempDir();
  const runner = new ContainerRunner({
    container: { id: "edge", image: "talos/edge", spec: SPEC },
    rootfs: [],
    containerd: fake.client(),
    stdioDir,
    // A file serves for a FIFO here: what is written is what is read.
    sys: { mknod: (path) => Deno.writeTextFileSync(path, "") },
    clock: systemClock,
    log: () => {},
    graceMs: 20,
  });
  return { fake, runner };
}

const UNAVAILABLE = () => rpcError("Unavailable", "connection refused");

Deno.test("a container run tells its pid and its exit, and cleans up", async () => {
  const { fake, runner } = await setUp();
  assertEquals(
    await runner.start(FOREVER),
    "Started task edge (PID 77) for container edge",
  );
  fake.end("edge", 133);
  assertEquals(await runner.exited, { clean: false, reason: "signal 5" });
  assertEquals([fake.tasks.size, fake.containers.size], [0, 0]);
});

Deno.test("what an earlier life left is removed first", async () => {
  const { fake, runner } = await setUp();
  fake.leave("edge");
  await runner.start(FOREVER);
  assertEquals(fake.calls.slice(0, 6), [
    "getTask",
    "waitTask",
    "kill 9",
    "deleteTask",
    "deleteContainer",
    "createContainer",
  ]);
  await runner.stop();
  assertEquals(await runner.exited, { clean: true, reason: "signal 15" });
});

Deno.test("a containerd that goes away is waited out", async () => {
  const { fake, runner } = await setUp();
  fake.failures.set("waitTask", [UNAVAILABLE(), UNAVAILABLE()]);
  await runner.start(FOREVER);
  fake.failures.set("killTask", [UNAVAILABLE()]);
  await runner.stop();
  assertEquals(await runner.exited, { clean: true, reason: "signal 15" });
});

Deno.test("a container that ignores SIGTERM is killed", async () => {
  const { fake, runner } = await setUp();
  fake.deaf = true;
  await runner.start(FOREVER);
  await runner.stop();
  assertEquals(fake.calls.filter((call) => call.startsWith("kill")), [
    "kill 15",
    "kill 9",
  ]);
  assertEquals((await runner.exited).reason, "signal 9");
});

Deno.test("a start that fails leaves nothing behind", async () => {
  const { fake, runner } = await setUp();
  fake.failures.set("startTask", [rpcError("Unknown", "no such file")]);
  await assertRejects(() => runner.start(FOREVER), RpcError, "no such file");
  assertEquals([fake.tasks.size, fake.containers.size], [0, 0]);
});
