/** Pods and their containers, as the API shows them. */
import { assertEquals } from "@std/assert";
import { podContainers } from "./pods.ts";

const pod = {
  "io.kubernetes.pod.namespace": "kube-system",
  "io.kubernetes.pod.name": "proxy-x",
};
const RECORDS = [
  { id: "kubelet", image: "kubelet:1", labels: {} },
  {
    id: "aa",
    image: "pause:1",
    labels: { ...pod, "io.cri-containerd.kind": "sandbox" },
  },
  {
    id: "bb",
    image: "proxy:1",
    labels: {
      ...pod,
      "io.cri-containerd.kind": "container",
      "io.kubernetes.container.name": "proxy",
    },
  },
];
const TASKS = [
  { id: "aa", pid: 7, status: "RUNNING" as const },
  { id: "kubelet", pid: 5, status: "RUNNING" as const },
];

function rows(cri: boolean): string[] {
  return podContainers(RECORDS, TASKS, { cri }).map((row) =>
    [row.task, row.id, row.podId, row.name, row.pid, row.status].join(" ")
  );
}

Deno.test("a pod is its sandbox, its containers are below it", () => {
  assertEquals(rows(false), [
    "kubelet kubelet kubelet kubelet 5 RUNNING",
    "aa kube-system/proxy-x kube-system/proxy-x proxy-x 7 RUNNING",
    "bb kube-system/proxy-x:proxy kube-system/proxy-x proxy 0 STOPPED",
  ]);
});

Deno.test("with --use-cri only pods are shown, in CRI's words", () => {
  assertEquals(rows(true), [
    "aa kube-system/proxy-x kube-system/proxy-x proxy-x 7 SANDBOX_READY",
    "bb kube-system/proxy-x:proxy kube-system/proxy-x proxy 0 CONTAINER_EXITED",
  ]);
});

Deno.test("labels that are no names of files make no path", () => {
  const labels = {
    ...pod,
    "io.kubernetes.pod.uid": "1-2",
    "io.kubernetes.container.name": "proxy",
  };
  const directoryOf = (change: Record<string, string>) =>
    podContainers(
      [{ id: "bb", image: "", labels: { ...labels, ...change } }],
      [],
      { cri: false },
    )[0]?.logDirectory;
  assertEquals(
    directoryOf({}),
    "/var/log/pods/kube-system_proxy-x_1-2/proxy",
  );
  for (const bad of ["", "..", "a/b", ".hidden"]) {
    assertEquals(directoryOf({ "io.kubernetes.pod.uid": bad }), undefined);
  }
  assertEquals(directoryOf({ "io.cri-containerd.kind": "sandbox" }), undefined);
});
