/** Each condition: it holds, and what it says when it does not. */
import { assertEquals, assertRejects } from "@std/assert";
import { KubeError } from "../kube/errors.ts";
import { RpcError, rpcError } from "../rpc/status.ts";
import type { KubeNode, Pod } from "../kube/resources.ts";
import { CONDITIONS } from "./conditions.ts";
import { discover } from "./discover.ts";
import { FakeView, PAIR } from "./fake_view.ts";
import type { ClusterNodes } from "./view.ts";

const { signal } = new AbortController();
const THREE: ClusterNodes = {
  controlPlanes: ["10.5.0.2", "10.5.0.3", "10.5.0.4"],
  workers: ["10.5.0.5"],
};

interface Case {
  readonly condition: string;
  readonly cluster?: ClusterNodes;
  readonly break: (view: FakeView) => void;
  readonly reason: string;
}

/** What a condition says of a cluster that `broken` was done to. */
async function check({ condition, cluster = PAIR, ...broken }: Case) {
  const view = new FakeView(cluster);
  const one = CONDITIONS.find(({ name }) => name === condition)!;
  assertEquals(await one.look(view, cluster, signal), undefined);
  broken.break(view);
  assertEquals(await one.look(view, cluster, signal), broken.reason);
}

function setService(
  view: FakeView,
  node: string,
  change: { id: string; state?: string; healthy?: boolean; said?: string },
): void {
  const { id, state = "Running", healthy, said = "" } = change;
  const others = view.serviceLists.get(node)!.filter((one) => one.id !== id);
  view.serviceLists.set(node, [
    ...others,
    { id, state, healthy, lastMessage: said },
  ]);
}

function changeNode(view: FakeView, at: number, change: Partial<KubeNode>) {
  view.nodeList[at] = { ...view.nodeList[at]!, ...change };
}

function changePod(view: FakeView, name: string, change: Partial<Pod>) {
  view.podList = view.podList.map((pod) =>
    pod.metadata.name === name ? { ...pod, ...change } : pod
  );
}

const NODE_CASES: readonly Case[] = [
  {
    condition: "etcd to be healthy",
    break: (view) =>
      setService(view, "10.5.0.2", { id: "etcd", healthy: false, said: "503" }),
    reason: "10.5.0.2: etcd is Running and not healthy: 503",
  },
  {
    condition: "etcd to be healthy",
    break: (view) =>
      setService(view, "10.5.0.2", {
        ...{ id: "etcd", state: "Preparing", said: "Pulling image" },
      }),
    reason: "10.5.0.2: etcd is Preparing: Pulling image",
  },
  {
    condition: "etcd to be healthy",
    break: (view) => view.serviceLists.set("10.5.0.2", []),
    reason: "10.5.0.2: etcd is no service of it yet",
  },
  {
    condition: "etcd members to be consistent across nodes",
    cluster: THREE,
    break: (view) => view.memberLists.get("10.5.0.3")!.pop(),
    reason: "10.5.0.3: 10.5.0.4 is no member",
  },
  {
    condition: "etcd members to be consistent across nodes",
    cluster: THREE,
    break: (view) => {
      const members = view.memberLists.get("10.5.0.4")!;
      members[0] = { ...members[0]!, id: 9n };
    },
    reason: "10.5.0.4: knows the members 2, 3, 9, but 10.5.0.2 1, 2, 3",
  },
  {
    condition: "etcd members to be consistent across nodes",
    break: (view) =>
      view.memberLists.get("10.5.0.2")!.push({
        ...{ id: 7n, name: "old", host: "10.5.0.9", isLearner: false },
      }),
    reason: "10.5.0.2: member old (10.5.0.9) is no control plane",
  },
  {
    condition: "etcd members to be consistent across nodes",
    break: (view) => {
      const members = view.memberLists.get("10.5.0.2")!;
      members[0] = { ...members[0]!, isLearner: true };
    },
    reason: "10.5.0.2: member cp0 is still a learner",
  },
  {
    condition: "apid to be ready",
    cluster: THREE,
    break: (view) =>
      view.broken.set("10.5.0.5", rpcError("Unavailable", "it is away")),
    reason: "10.5.0.5: it is away",
  },
  {
    condition: "kubelet to be healthy",
    break: (view) =>
      setService(view, "10.5.0.3", { id: "kubelet", state: "Finished" }),
    reason: "10.5.0.3: kubelet is Finished",
  },
  {
    condition: "kubelet to be healthy",
    break: (view) => setService(view, "10.5.0.3", { id: "kubelet" }),
    reason: "10.5.0.3: nobody knows yet whether kubelet is healthy",
  },
  {
    condition: "all nodes to finish boot sequence",
    break: (view) =>
      setService(view, "10.5.0.2", { id: "bootkube", said: "Started" }),
    // It runs well, and has ended all the same only when it is finished.
    reason: "10.5.0.2: bootkube is Running: Started",
  },
  {
    condition: "all nodes to finish boot sequence",
    break: (view) => {
      setService(view, "10.5.0.3", { id: "timed", state: "Finished" });
      setService(view, "10.5.0.3", { id: "networkd", healthy: false });
    },
    reason: "10.5.0.3: timed is Finished; networkd is Running and not healthy",
  },
];

const UNREADY = { type: "Ready", status: "False" };

const KUBE_CASES: readonly Case[] = [
  {
    condition: "all k8s nodes to report",
    break: (view) => view.nodeList.pop(),
    reason: "10.5.0.3 is not registered",
  },
  {
    condition: "all k8s nodes to report",
    break: (view) =>
      view.nodeList.push({
        ...view.nodeList[0]!,
        metadata: { name: "stranger" },
        status: { addresses: [{ type: "InternalIP", address: "10.9.9.9" }] },
      }),
    reason: "stranger (10.9.9.9) is not expected",
  },
  {
    condition: "all control plane components to be ready",
    break: (view) =>
      changePod(view, "kube-scheduler-cp0", {
        status: {
          conditions: [UNREADY],
          containerStatuses: [{
            name: "kube-scheduler",
            state: { waiting: { reason: "ErrImagePull", message: "404" } },
          }],
        },
      }),
    reason: "kube-scheduler-cp0 is not ready: ErrImagePull: 404",
  },
  {
    condition: "all control plane components to be ready",
    break: (view) => view.podList.shift(),
    reason: "cp0 has no pod of kube-apiserver",
  },
  {
    condition: "all control plane components to be ready",
    break: (view) => {
      changeNode(view, 0, { metadata: { name: "cp0", labels: {} } });
    },
    reason: "cp0 lacks the label node-role.kubernetes.io/control-plane",
  },
  {
    condition: "all k8s nodes to report ready",
    break: (view) =>
      changeNode(view, 1, {
        status: { conditions: [{ ...UNREADY, message: "no network" }] },
      }),
    reason: "w0 is not ready: no network",
  },
  {
    condition: "kube-proxy to report ready",
    break: (view) =>
      view.podList = view.podList.filter(({ metadata }) =>
        metadata.name !== "kube-proxy-w0"
      ),
    reason: "w0 has no pod of kube-proxy",
  },
  {
    condition: "coredns to report ready",
    break: (view) => view.podList.pop(),
    reason: "there is no pod of coredns",
  },
  {
    condition: "coredns to report ready",
    break: (view) =>
      changePod(view, "kube-dns-w0", {
        status: {
          conditions: [{
            type: "PodScheduled",
            status: "False",
            reason: "Unschedulable",
            message: "0/2 nodes are available",
          }],
        },
      }),
    reason: "kube-dns-w0 is not ready: Unschedulable: 0/2 nodes are available",
  },
  {
    condition: "all k8s nodes to report schedulable",
    break: (view) => changeNode(view, 1, { spec: { unschedulable: true } }),
    reason: "w0 is cordoned",
  },
];

Deno.test("conditions hold, or say why they do not", async (t) => {
  for (const one of [...NODE_CASES, ...KUBE_CASES]) {
    await t.step(`${one.condition}: ${one.reason}`, () => check(one));
  }
  const tested = [...NODE_CASES, ...KUBE_CASES].map((one) => one.condition);
  assertEquals(
    CONDITIONS.map(({ name }) => name).filter((one) => !tested.includes(one)),
    [],
  );
});

Deno.test("a node that may not be asked is no reason to wait", async () => {
  const view = new FakeView();
  view.broken.set("10.5.0.3", rpcError("PermissionDenied", "no role"));
  const apid = CONDITIONS.find(({ name }) => name === "apid to be ready")!;
  await assertRejects(
    () => apid.look(view, PAIR, signal),
    RpcError,
    "no role",
  );
});

Deno.test("of many nodes the first are named", async () => {
  const workers = Array.from({ length: 40 }, (_, at) => `10.5.1.${at}`);
  const cluster = { ...PAIR, workers };
  const view = new FakeView(cluster);
  for (const node of workers) {
    setService(view, node, { id: "kubelet", state: "Failed" });
  }
  const kubelet = CONDITIONS.find(({ name }) => name.startsWith("kubelet"))!;
  assertEquals(
    await kubelet.look(view, cluster, signal),
    "10.5.1.0: kubelet is Failed; 10.5.1.1: kubelet is Failed; " +
      "10.5.1.2: kubelet is Failed; 10.5.1.3: kubelet is Failed; 36 more",
  );
});

Deno.test("the nodes are found by label", async () => {
  const view = new FakeView(THREE);
  assertEquals(await discover(view, signal), THREE);
  view.nodeList = [];
  assertEquals(
    await discover(view, signal),
    "no control plane is registered in Kubernetes yet",
  );
  view.broken.set("kube", new KubeError({ kind: "answer", status: 0 }, "x"));
  await assertRejects(() => discover(view, signal), KubeError);
});
