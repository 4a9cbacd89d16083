/**
 * A containerd of the test's own: the binaries of the image, private socket,
 * root and state, nothing shared with one that the machine may run. Needs
 * root. Installs nothing but what rootfs/components provides.
 */
import { join } from "@std/path";
import { connectContainerd, type Containerd } from "#lib/containerd/client.ts";
import { provide } from "../../rootfs/components/cache.ts";
import { PARTS } from "../../rootfs/components/parts.ts";
import { run } from "#lib/command.ts";
import { mountsBelow } from "../../services/talosctl/provision/mounts.ts";
import { ProcessRunner } from "../../services/machined/supervisor/runner_process.ts";
import { eventually } from "./eventually.ts";

/** Plugins that touch more than containers of our own. */
const CONFIG = `version = 3
disabled_plugins = [
  "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime",
  "io.containerd.grpc.v1.cri", "io.containerd.nri.v1.nri",
  "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp",
]
`;

/** See the top of the file. */
export class TestContainerd implements AsyncDisposable {
  readonly dir: string;
  readonly socket: string;
  readonly client: Containerd;
  readonly lines: string[];
  readonly deno: string;
  /** The beginning of its containers' cgroup names; runc removes those. */
  readonly cgroup: string;
  readonly #makeRunner: () => ProcessRunner;
  #runner: ProcessRunner | undefined;

  private constructor(
    { dir, makeRunner, lines, deno }: {
      dir: string;
      makeRunner: () => ProcessRunner;
      lines: string[];
      deno: string;
    },
  ) {
    this.dir = dir;
    this.socket = `${dir}/containerd.sock`;
    this.#makeRunner = makeRunner;
    this.lines = lines;
    this.deno = deno;
    this.cgroup = `/talos-test-${dir.split("-").at(-1)}`;
    this.client = connectContainerd({
      socket: this.socket,
      namespace: "system",
    });
  }

  /** `prepare` may fill its directory before it starts. */
  static async start(
    prepare: (dir: string) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<TestContainerd> {
    const containerd = await provide(PARTS.containerd);
    const runc = await provide(PARTS.runc);
    const deno = await provide(PARTS.deno);
    const dir = await Deno.makeTempDir({ prefix: "talos-" });
    await Deno.writeTextFile(`${dir}/config.toml`, CONFIG);
    await prepare(dir);
    const lines: string[] = [];
    const makeRunner = () =>
      new ProcessRunner({
        command: [
          join(containerd.dir, "containerd"),
          `--config=${dir}/config.toml`,
          `--address=${dir}/containerd.sock`,
          `--state=${dir}/state`,
          `--root=${dir}/root`,
        ],
        env: { PATH: `${containerd.dir}:${runc.dir}:/usr/sbin:/usr/bin` },
        log: (line) => lines.push(line),
      });
    const self = new TestContainerd({
      dir,
      makeRunner,
      lines,
      deno: join(deno.dir, "deno"),
    });
    await self.up();
    return self;
  }

  /** Starts containerd; resolves when it serves. */
  async up(): Promise<void> {
    this.#runner = this.#makeRunner();
    await this.#runner.start(new AbortController().signal);
    await eventually(() => this.client.health().then(() => true), {
      what: "containerd",
    });
  }

  /** Ends containerd alone; containers live on with their shims. */
  async down(): Promise<void> {
    await this.#runner?.stop();
  }

  /** Ends every task that a failed test left, then containerd itself. */
  async [Symbol.asyncDispose]() {
    for (const { id } of await this.client.listTasks()) {
      await this.client.killTask(id, 9, { all: true }).catch(() => {});
      await eventually(() => this.client.deleteTask(id).then(() => true), {
        what: `end of ${id}`,
      });
    }
    this.client.close();
    await this.down();
    for (const target of await mountsBelow(this.dir)) {
      await run(["umount", target]);
    }
    await Deno.remove(this.dir, { recursive: true });
  }
}
