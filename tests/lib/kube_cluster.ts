/**
 * A local cluster that is looked at through Kubernetes: the built kubectl with
 * a kubeconfig of an administrator.
 */
import { join } from "@std/path";
import { decode, effective, type EffectiveConfig } from "#lib/config/mod.ts";
import { readClusterAccess } from "#lib/kube/cluster_access.ts";
import type { PemPair } from "#lib/pki/mod.ts";
import { ROOT } from "../../rootfs/build.ts";
import {
  type ClusterOptions,
  type Output,
  run,
  TestCluster,
} from "./cluster.ts";
import { eventually } from "./eventually.ts";

const KUBECTL = join(ROOT, "_out/bin/kubectl");

/** The name and the state of a node, as `kubectl get nodes` has them. */
export interface NodeRow {
  readonly name: string;
  readonly ready: boolean;
}

/** See the top of the file. */
export class KubeCluster implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly config: EffectiveConfig;
  /** The client certificate of kubectl. */
  readonly admin: PemPair;

  private constructor(
    cluster: TestCluster,
    options: { config: EffectiveConfig; admin: PemPair },
  ) {
    this.cluster = cluster;
    this.config = options.config;
    this.admin = options.admin;
  }

  /** Creates it and waits until it is well. */
  static async create(options: ClusterOptions): Promise<KubeCluster> {
    const cluster = await TestCluster.create({ ...options, images: true });
    try {
      const config = effective(
        decode(await Deno.readFile(cluster.configPath(0))).config,
      );
      const { kubeconfig: path } = cluster;
      const { crt, key } = readClusterAccess(await Deno.readFile(path), path);
      const admin = { crt: atob(crt), key: atob(key) };
      return new KubeCluster(cluster, { config, admin });
    } catch (thrown) {
      await cluster[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }

  /** The command line of kubectl, for programs that go on. */
  command(args: readonly string[]): string[] {
    return [KUBECTL, `--kubeconfig=${this.cluster.kubeconfig}`, ...args];
  }

  /** Runs kubectl, however it ends. */
  async try(args: readonly string[]): Promise<Output> {
    return await run(this.command(["--request-timeout=20s", ...args]));
  }

  /** Runs kubectl; what it printed. */
  async kubectl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(args);
    if (code === 0) return stdout;
    throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}`);
  }

  /** Applies objects. */
  async apply(...objects: readonly unknown[]): Promise<void> {
    const file = await Deno.makeTempFile({ suffix: ".json" });
    try {
      const list = { apiVersion: "v1", kind: "List", items: objects };
      await Deno.writeTextFile(file, JSON.stringify(list));
      await this.kubectl("apply", "-f", file);
    } finally {
      await Deno.remove(file);
    }
  }

  async nodes(): Promise<NodeRow[]> {
    const rows = await this.kubectl("get", "nodes", "--no-headers");
    return rows.trim().split("\n").filter((row) => row !== "").map((row) => {
      const [name = "", status = ""] = row.split(/ +/);
      return { name, ready: status.split(",")[0] === "Ready" };
    });
  }

  /** Resolves when `count` nodes are Ready, and all that there are. */
  async untilReady(count: number, withinMs: number): Promise<void> {
    await eventually(async () => {
      const nodes = await this.nodes();
      const ready = nodes.filter((node) => node.ready).length;
      if (ready === count && nodes.length === count) return true;
      throw new Error(`${ready} of ${nodes.length} nodes are Ready`);
    }, { withinMs, what: `${count} nodes Ready`, pauseMs: 500 });
  }
}
