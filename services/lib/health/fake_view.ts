/** A cluster made of plain objects, well until a test breaks it. */
import type { KubeNode, Pod } from "../kube/resources.ts";
import type {
  ClusterNodes,
  ClusterView,
  MemberSeen,
  ServiceSeen,
} from "./view.ts";

/** One control plane and one worker. */
export const PAIR: ClusterNodes = {
  controlPlanes: ["10.5.0.2"],
  workers: ["10.5.0.3"],
};

const LABEL = "node-role.kubernetes.io/control-plane";
const COMPONENTS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
];

function service(id: string, state = "Running"): ServiceSeen {
  return { id, state, healthy: true, lastMessage: "" };
}

/** A pod of `node`, ready. */
function podOf(app: string, node: string): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${app}-${node}`,
      namespace: "kube-system",
      labels: { "k8s-app": app },
    },
    spec: { nodeName: node },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
}

function nodeOf(name: string, address: string): KubeNode {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: name.startsWith("cp") ? { [LABEL]: "" } : {} },
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      addresses: [{ type: "InternalIP", address }],
    },
  };
}

/** See the top of the file; tests change what it holds. */
export class FakeView implements ClusterView {
  readonly serviceLists = new Map<string, ServiceSeen[]>();
  readonly memberLists = new Map<string, MemberSeen[]>();
  nodeList: KubeNode[] = [];
  podList: Pod[] = [];
  /** What a look at a node, or at Kubernetes (`kube`), throws. */
  readonly broken = new Map<string, unknown>();

  constructor({ controlPlanes, workers }: ClusterNodes = PAIR) {
    const members = controlPlanes.map((host, at) => ({
      ...{ id: BigInt(at + 1), name: `cp${at}`, isLearner: false, host },
    }));
    for (const [at, host] of controlPlanes.entries()) {
      this.memberLists.set(host, [...members]);
      this.serviceLists.set(host, [
        ...[service("etcd"), service("kubelet"), service("timed", "Skipped")],
        service("bootkube", "Finished"),
      ]);
      this.nodeList.push(nodeOf(`cp${at}`, host));
      this.podList.push(...COMPONENTS.map((app) => podOf(app, `cp${at}`)));
    }
    for (const [at, host] of workers.entries()) {
      this.serviceLists.set(host, [service("kubelet")]);
      this.nodeList.push(nodeOf(`w${at}`, host));
    }
    for (const { metadata } of this.nodeList) {
      this.podList.push(podOf("kube-proxy", metadata.name));
    }
    this.podList.push(podOf("kube-dns", "w0"));
  }

  #unlessBroken(what: string): void {
    if (this.broken.has(what)) throw this.broken.get(what);
  }

  version(node: string): Promise<void> {
    return Promise.resolve().then(() => this.#unlessBroken(node));
  }

  services(node: string): Promise<ServiceSeen[]> {
    return this.version(node).then(() => this.serviceLists.get(node) ?? []);
  }

  members(node: string): Promise<MemberSeen[]> {
    return this.version(node).then(() => this.memberLists.get(node) ?? []);
  }

  kubeNodes(): Promise<KubeNode[]> {
    return this.version("kube").then(() => this.nodeList);
  }

  systemPods(selector: string): Promise<Pod[]> {
    const app = selector.slice("k8s-app=".length);
    return this.version("kube").then(() =>
      this.podList.filter(({ metadata }) =>
        metadata.labels?.["k8s-app"] === app
      )
    );
  }
}
