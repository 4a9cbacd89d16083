/**
 * The containers of Kubernetes as the API shows them: a pod is its sandbox,
 * `namespace/pod`; a container of it is `namespace/pod:container`. What has
 * no pod (the kubelet) is shown by its own name. Pure.
 */
import type { ContainerRecord, TaskRecord } from "#lib/containerd/client.ts";

/** What the CRI plugin and the kubelet say of a container. */
const KIND = "io.cri-containerd.kind";
const POD_NAMESPACE = "io.kubernetes.pod.namespace";
const POD_NAME = "io.kubernetes.pod.name";
const POD_UID = "io.kubernetes.pod.uid";
const CONTAINER_NAME = "io.kubernetes.container.name";

/** One row. */
export interface PodContainer {
  /** containerd's own name for it. */
  readonly task: string;
  readonly id: string;
  readonly podId: string;
  readonly name: string;
  readonly image: string;
  /** 0 when it does not run. */
  readonly pid: number;
  readonly status: string;
  /** Where the kubelet has its logs; only what is a container of a pod. */
  readonly logDirectory?: string;
}

/** Where the kubelet has the logs of pods. */
const POD_LOGS = "/var/log/pods";

/** Labels are words of others: what is no name of a file is no directory. */
function logDirectory(
  labels: Readonly<Record<string, string>>,
): string | undefined {
  const parts = [POD_NAMESPACE, POD_NAME, POD_UID, CONTAINER_NAME]
    .map((label) => labels[label] ?? "");
  if (!parts.every((part) => /^[a-z0-9][a-z0-9.-]*$/i.test(part))) {
    return undefined;
  }
  const [namespace, pod, uid, container] = parts;
  return `${POD_LOGS}/${namespace}_${pod}_${uid}/${container}`;
}

/** The words of the two inspectors of the seed era. */
const CRI_WORDS = {
  sandbox: ["SANDBOX_READY", "SANDBOX_NOTREADY"],
  container: ["CONTAINER_RUNNING", "CONTAINER_EXITED"],
} as const;

function criStatus(kind: "sandbox" | "container", task?: TaskRecord): string {
  const [up, down] = CRI_WORDS[kind];
  if (task?.status === "RUNNING") return up;
  return kind === "container" && task?.status === "CREATED"
    ? "CONTAINER_CREATED"
    : down;
}

/**
 * The rows of `records`; with `cri` only those of pods, in the words of CRI.
 * An ended container is shown while containerd knows it.
 */
export function podContainers(
  records: readonly ContainerRecord[],
  tasks: readonly TaskRecord[],
  { cri }: { readonly cri: boolean },
): PodContainer[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return records.flatMap((record): PodContainer[] => {
    const { id, image, labels } = record;
    const task = byId.get(id);
    const namespace = labels[POD_NAMESPACE], pod = labels[POD_NAME];
    const inPod = namespace !== undefined && pod !== undefined;
    if (cri && !inPod) return [];
    const sandbox = labels[KIND] === "sandbox";
    const podId = inPod ? `${namespace}/${pod}` : id;
    const directory = sandbox ? undefined : logDirectory(labels);
    const name = labels[CONTAINER_NAME] ?? (inPod ? pod : id);
    return [{
      task: id,
      id: !inPod || sandbox ? podId : `${podId}:${name}`,
      podId,
      name,
      image,
      pid: task?.pid ?? 0,
      status: cri
        ? criStatus(sandbox ? "sandbox" : "container", task)
        : task?.status ?? "STOPPED",
      ...directory !== undefined && { logDirectory: directory },
    }];
  });
}
