/**
 * A local cluster that is looked at through Kubernetes: the built kubectl with
 * a kubeconfig of an administrator.
 */
import { join } from "@std/path";
import { systemClock } from "#lib/clock.ts";
import { decode, effective, type EffectiveConfig } from "#lib/config/mod.ts";
import { DAY_MS, type PemPair } from "#lib/pki/mod.ts";
import {
  issueKubernetesAdmin,
  kubernetesCa,
} from "../../services/machined/kubernetes/admin.ts";
import { adminKubeconfig } from "../../services/machined/kubernetes/admin_kubeconfig.ts";
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

  get #kubeconfig(): string {
    return `${this.cluster.talosconfig}.kube`;
  }

  /** Creates it; its nodes need not be Ready yet. `init`: by its config. */
  static async create(
    { init = true, ...options }: ClusterOptions & { readonly init?: boolean },
  ): Promise<KubeCluster> {
    const flags = [
      ...init ? ["--with-init-node"] : [],
      ...options.flags ?? [],
    ];
    const cluster = await TestCluster.create({
      ...{ ...options, flags },
      images: true,
    });
    try {
      const config = effective(
        decode(await Deno.readFile(cluster.configPath(0))).config,
      );
      const admin = await issueKubernetesAdmin(kubernetesCa({ config })!, {
        validityMs: DAY_MS,
        clock: systemClock,
      });
      const text = adminKubeconfig(config, admin);
      const kube = new KubeCluster(cluster, { config, admin });
      await Deno.writeTextFile(kube.#kubeconfig, text, { mode: 0o600 });
      return kube;
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
    return [KUBECTL, `--kubeconfig=${this.#kubeconfig}`, ...args];
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
