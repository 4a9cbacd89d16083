/**
 * A real local cluster for one test file: its own name, addresses and state,
 * gone when the test is. What a crashed run left is removed first.
 */
import { exists } from "../../rootfs/exists.ts";
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const TALOSCTL = join(ROOT, "_out/bin/talosctl");

/** What a program said and how it ended. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(
  command: readonly string[],
  options: {
    env?: Record<string, string>;
    signal?: AbortSignal;
  } = {},
): Promise<Output> {
  const [program, ...args] = command as [string, ...string[]];
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** What {@linkcode TestCluster.create} makes. */
export interface ClusterOptions {
  /** Unique among the test files, at most 12 characters. */
  readonly name: string;
  /** A /24 of its own, for instance `10.5.7.0/24`. */
  readonly cidr: string;
  readonly masters?: number;
  readonly workers?: number;
  /** With Kubernetes: the images that were built are served. */
  readonly images?: boolean;
  /** More flags of `cluster create`. */
  readonly flags?: readonly string[];
}

/** A running cluster; dispose of it with `await using`. */
export class TestCluster implements AsyncDisposable {
  readonly #stateDir: string;
  readonly #options: ClusterOptions;

  private constructor(options: ClusterOptions, stateDir: string) {
    this.#options = options;
    this.#stateDir = stateDir;
  }

  /** Creates it and waits until every node answers; Kubernetes is well. */
  static async create(options: ClusterOptions): Promise<TestCluster> {
    // Not a temporary folder: what a crashed run left must be found again.
    const stateDir = join("/var/tmp/talos-tests", options.name);
    const cluster = new TestCluster(options, stateDir);
    await cluster[Symbol.asyncDispose]();
    await Deno.mkdir(stateDir, { recursive: true });
    const { masters = 1, workers = 1, images = false, flags = [] } = options;
    const created = await cluster.talosctl([
      "cluster",
      "create",
      ...cluster.#clusterFlags(),
      `--cidr=${options.cidr}`,
      `--masters=${masters}`,
      `--workers=${workers}`,
      `--local-registry=${images}`,
      `--skip-bootstrap=${!images}`,
      "--wait-timeout=4m",
      ...flags,
    ]);
    if (created.code !== 0) {
      const said = created.stdout + created.stderr +
        await cluster.#consoles();
      await cluster[Symbol.asyncDispose]();
      throw new Error(`cluster create ended with ${created.code}: ${said}`);
    }
    return cluster;
  }

  /** The ends of the nodes' consoles: why one does not answer. */
  async #consoles(): Promise<string> {
    const dir = join(this.#stateDir, this.#options.name);
    const ends: string[] = [];
    if (!await exists(dir)) return "";
    for await (const { name } of Deno.readDir(dir)) {
      const text = await Deno.readTextFile(join(dir, name, "console.log"))
        .catch(() => undefined);
      if (text !== undefined) ends.push(`== ${name}\n${text.slice(-4096)}`);
    }
    return ends.join("\n");
  }

  #clusterFlags(): string[] {
    return [`--name=${this.#options.name}`, `--state=${this.#stateDir}`];
  }

  /** The talosconfig of the administrator. */
  get talosconfig(): string {
    return join(this.#stateDir, "talosconfig");
  }

  /** The kubeconfig of the administrator, of a cluster with Kubernetes. */
  get kubeconfig(): string {
    return join(this.#stateDir, "kubeconfig");
  }

  /** Where the image is mounted on this machine. */
  get rootfs(): string {
    return join(this.#stateDir, this.#options.name, "rootfs");
  }

  /** Runs the built talosctl as the administrator of this cluster. */
  async talosctl(
    args: readonly string[],
    options: { signal?: AbortSignal; talosconfig?: string } = {},
  ): Promise<Output> {
    const { talosconfig = this.talosconfig, ...rest } = options;
    return await run([TALOSCTL, ...args], {
      env: { TALOSCONFIG: talosconfig, KUBECONFIG: this.kubeconfig },
      ...rest,
    });
  }

  /** The addresses of the nodes: control planes first. */
  get nodes(): string[] {
    const { cidr, masters = 1, workers = 1 } = this.#options;
    const prefix = cidr.slice(0, cidr.lastIndexOf(".") + 1);
    return Array.from(
      { length: masters + workers },
      (_, i) => `${prefix}${i + 2}`,
    );
  }

  /** The name of the n-th node. */
  nodeName(index: number): string {
    const { name, masters = 1 } = this.#options;
    return index < masters
      ? `${name}-master-${index + 1}`
      : `${name}-worker-${index - masters + 1}`;
  }

  #nodeDir(index: number): string {
    return join(this.#stateDir, this.#options.name, this.nodeName(index));
  }

  /** The machine config that the n-th node was made with. */
  configPath(index: number): string {
    return join(this.#nodeDir(index), "bundle/machine.yaml");
  }

  /** The pid of machined on the n-th node, as this machine counts. */
  async initPid(index: number): Promise<number> {
    const path = join(this.#nodeDir(index), "bundle/pid");
    return Number(await Deno.readTextFile(path));
  }

  /** Ends the n-th node as a power cut does; resolves when it is gone. */
  async kill(index: number): Promise<void> {
    const pid = await this.initPid(index);
    Deno.kill(pid, "SIGKILL");
    await eventually(async () => {
      const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
      // A zombie waits for its parent only, of its processes none is left.
      return stat === "" || /\) [ZX] /.test(stat);
    }, { withinMs: 30_000, what: `the end of ${this.nodeName(index)}` });
  }

  /** What the n-th node keeps when it is off. */
  varPath(index: number): string {
    return join(this.#nodeDir(index), "var");
  }

  /** Starts the nodes that do not run. */
  async start(): Promise<void> {
    const flags = this.#clusterFlags();
    const { code, stderr } = await this.talosctl([
      "cluster",
      "start",
      ...flags,
    ]);
    if (code !== 0) {
      throw new Error(`cluster start ended with ${code}: ${stderr}`);
    }
  }

  /** Destroys it, whatever state it is in. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.talosctl(["cluster", "destroy", ...this.#clusterFlags()]);
    await Deno.remove(this.#stateDir, { recursive: true }).catch((thrown) => {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    });
  }
}
