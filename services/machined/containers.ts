/**
 * What `talosctl containers` and `restart` see. In the namespace `system`: a
 * service host as a pod, each of its workers as a container in it, and what
 * machined runs beside Kubernetes. In `k8s.io`: pods (pods.ts).
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Containerd } from "#lib/containerd/client.ts";
import { isUnavailable } from "#lib/containerd/errors.ts";
import { AgentError } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import type { ContainerInfoSchema } from "#proto/machine_pb.ts";
import type { Containers } from "./api/node.ts";
import { type PodContainer, podContainers } from "./pods.ts";
import { CRI_NAMESPACE } from "./units/cri.ts";

const NAMESPACE = "system";
const SIGTERM = 15;

/** A host, as far as its workers are concerned. */
export interface WorkersOf {
  readonly workers: readonly string[];
}

type Listed = Pick<Containerd, "listContainers" | "listTasks" | "killTask">;

/** What {@linkcode containersOf} works with. */
export interface ContainersOptions {
  readonly hosts: ReadonlyMap<string, WorkersOf>;
  readonly containerd: Pick<Containerd, "listTasks" | "killTask">;
  /** The CRI containerd's two name spaces. */
  readonly cri: { readonly system: Listed; readonly kubernetes: Listed };
  /** Resolves when the reply of a call has left by the gateway. */
  readonly replied: () => Promise<void>;
  readonly log: Logger;
  /** Ends the present run of one daemon; the next follows at once. */
  readonly bounce: (worker: string) => Promise<void>;
}

/** A container that is not there. */
export class ContainerError extends AgentError<
  { readonly kind: "notFound"; readonly id: string }
> {
  override name = "ContainerError";

  constructor(id: string) {
    super({ kind: "notFound", id }, `container "${id}" not found`);
  }
}

type Info = MessageInitShape<typeof ContainerInfoSchema>;

/** The API's door to the containers of the node. */
export function containersOf(options: ContainersOptions): Containers {
  return {
    list: async (namespace, { cri }) => {
      const rows = await rowsOf(namespace, { cri }, options);
      return [
        ...namespace === NAMESPACE ? await hostsOf(options) : [],
        ...rows.map(({ task: _task, ...row }): Info => ({ namespace, ...row })),
      ];
    },
    restart: async (namespace, id) => {
      if (namespace === NAMESPACE && await restartWorker(id, options)) return;
      const rows = await rowsOf(namespace, { cri: false }, options);
      const found = rows.find((row) => row.id === id);
      if (!found) throw new ContainerError(id);
      await clientOf(namespace, options)?.killTask(found.task, SIGTERM);
    },
  };
}

function clientOf(
  namespace: string,
  { cri }: ContainersOptions,
): Listed | undefined {
  if (namespace === CRI_NAMESPACE) return cri.kubernetes;
  return namespace === NAMESPACE ? cri.system : undefined;
}

/** What the CRI containerd has in `namespace`. */
async function rowsOf(
  namespace: string,
  words: { readonly cri: boolean },
  options: ContainersOptions,
): Promise<PodContainer[]> {
  const client = clientOf(namespace, options);
  if (!client) return [];
  try {
    const records = await client.listContainers();
    return podContainers(records, await client.listTasks(), words);
  } catch (thrown) {
    // Before there is a config, there is no second containerd.
    if (isUnavailable(thrown) && namespace === NAMESPACE) return [];
    throw thrown;
  }
}

async function hostsOf(
  { hosts, containerd }: ContainersOptions,
): Promise<Info[]> {
  const tasks = await containerd.listTasks();
  return tasks.flatMap(({ id, pid, status }): Info[] => {
    const common = { namespace: NAMESPACE, podId: id, pid, status };
    const workers = hosts.get(id)?.workers ?? [];
    return [
      { ...common, id, name: id, image: `talos/${id}` },
      ...workers.map((worker) => ({
        ...common,
        id: `${id}:${worker}`,
        name: worker,
        image: `talos/${worker}`,
      })),
    ];
  });
}

/** False when there is no host and no worker of that name. */
async function restartWorker(
  id: string,
  { hosts, containerd, bounce, replied, log }: ContainersOptions,
): Promise<boolean> {
  const [pod = "", worker] = id.split(":");
  const found = [...hosts].find(([name, host]) =>
    worker === undefined
      ? name === id || host.workers.includes(id)
      : name === pod && host.workers.includes(worker)
  );
  if (!found) return false;
  const restart = () =>
    found[0] === id ? containerd.killTask(id, SIGTERM) : bounce(worker ?? id);
  // The answer leaves through the gateway, which may be what restarts.
  if (!found[1].workers.includes("apid")) {
    await restart();
    return true;
  }
  replied().then(restart).catch((thrown) =>
    log.error(`Cannot restart "${id}"`, thrown)
  );
  return true;
}
