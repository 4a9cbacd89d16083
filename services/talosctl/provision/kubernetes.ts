/** Kubernetes of a new local cluster: etcd is begun, its kubeconfig is kept. */
import { MachineService } from "#proto/machine_pb.ts";
import type { Context } from "../cli/context.ts";
import { parseEndpoint } from "../client/endpoint.ts";
import { allFailed } from "../client/explain.ts";
import {
  addKubeconfig,
  fetchKubeconfig,
  kubeconfigPath,
  type MergedKubeconfig,
} from "../client/kubeconfig.ts";
import { sessionWith } from "../client/remote.ts";
import type { Session } from "../client/session.ts";
import type { ClusterConfigs } from "./configs.ts";

/** Which cluster, and as whom. */
export interface KubernetesOptions {
  /** Of the cluster. */
  readonly name: string;
  /** The control plane that is asked. */
  readonly node: string;
  readonly endpoints: readonly string[];
  readonly tls: ClusterConfigs["tls"];
}

/** See the top of the file. */
class Kubernetes implements Disposable {
  readonly #context: Context;
  readonly #session: Session;

  constructor(context: Context, session: Session) {
    this.#context = context;
    this.#session = session;
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }

  /** Begins etcd on the node. @throws {CliError} when it refuses */
  async bootstrap(): Promise<void> {
    const { failures } = await this.#session.unary(
      MachineService.method.bootstrap,
      {},
      { once: true },
    );
    if (failures.length === 0) return;
    throw await allFailed(failures, { command: this.#context.path });
  }

  /** Adds what the node makes to the user's file. @throws {CliError} */
  async addKubeconfig(): Promise<MergedKubeconfig> {
    const access = await fetchKubeconfig(this.#context, this.#session);
    const path = await kubeconfigPath(this.#context);
    return (await addKubeconfig(access, { path })).merged;
  }
}

/** Dials nothing yet. */
export function openKubernetes(
  context: Context,
  { name, node, endpoints, tls }: KubernetesOptions,
): Kubernetes {
  const settings = {
    ...{ path: "", contextName: name, nodes: [node], identity: tls },
    endpoints: endpoints.map(parseEndpoint),
  };
  return new Kubernetes(context, sessionWith(settings, context));
}
