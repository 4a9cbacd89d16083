/**
 * What `talosctl containers`, `stats`, `restart` and `logs -k` see. In the
 * namespace `system`: a service host as a pod, each of its workers as a
 * container in it, and what machined runs beside Kubernetes. In `k8s.io`: pods
 * (pods.ts).
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Containerd } from "#lib/containerd/client.ts";
import { isNotFound, isUnavailable } from "#lib/containerd/errors.ts";
import { AgentError } from "#lib/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import type { ContainerInfoSchema, StatSchema } from "#proto/machine_pb.ts";
import type { Containers } from "./api/node.ts";
import { type PodContainer, podContainers } from "./pods.ts";
import { CRI_NAMESPACE } from "./units/cri.ts";

const NAMESPACE = "system";
const SIGKILL = 9;
const SIGTERM = 15;
/** What a container of a pod has to end by itself, as CRI clients give it. */
const GRACE_MS = 10_000;

/** A host, as far as its workers are concerned. */
export interface WorkersOf {
  readonly workers: readonly string[];
}

type Listed = Pick<
  Containerd,
  "listContainers" | "listTasks" | "taskUsages" | "waitTask" | "killTask"
>;

/** What {@linkcode containersOf} works with. */
export interface ContainersOptions {
  readonly hosts: ReadonlyMap<string, WorkersOf>;
  readonly containerd: Pick<
    Containerd,
    "listTasks" | "taskUsages" | "killTask"
  >;
  /** The CRI containerd's two name spaces. */
  readonly cri: { readonly system: Listed; readonly kubernetes: Listed };
  /** Resolves when the reply of a call has left by the gateway. */
  readonly replied: () => Promise<void>;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Logger;
  /** Ends the present run of one daemon; the next follows at once. */
  readonly bounce: (worker: string) => Promise<void>;
}

/** Why nothing is done about a container. */
export type ContainerProblem =
  | { readonly kind: "notFound"; readonly id: string }
  /** A pod has no log of its own. */
  | {
    readonly kind: "invalidArgument";
    readonly id: string;
    readonly containers: readonly string[];
  };

/** A container that is not there, or has not what is asked for. */
export class ContainerError extends AgentError<ContainerProblem> {
  override name = "ContainerError";

  constructor(problem: ContainerProblem) {
    super(problem, describe(problem));
  }
}

function describe(problem: ContainerProblem): string {
  const { kind, id } = problem;
  if (kind === "notFound") return `container "${id}" not found`;
  const names = problem.containers.map((name) => `"${name}"`).join(", ");
  return `"${id}" has no log of its own${
    names === "" ? "" : `, its containers have: ${names}`
  }`;
}

type Info = MessageInitShape<typeof ContainerInfoSchema>;
type Stat = MessageInitShape<typeof StatSchema>;

/** The API's door to the containers of the node. */
export function containersOf(options: ContainersOptions): Containers {
  return {
    list: async (namespace, { cri }) => {
      const rows = await rowsOf(namespace, { cri }, options);
      return [
        ...namespace === NAMESPACE ? await hostsOf(options) : [],
        ...rows.map((row): Info => infoOf(namespace, row)),
      ];
    },
    stats: (namespace, { cri }) => statsOf(namespace, { cri }, options),
    logDirectory: async (namespace, id) => {
      const rows = await rowsOf(namespace, { cri: false }, options);
      const row = newest(rows.filter((row) => row.id === id));
      if (!row) throw new ContainerError({ kind: "notFound", id });
      if (row.logDirectory !== undefined) return row.logDirectory;
      const containers = rows
        .filter((one) => one.podId === id && one.id !== id)
        .map((one) => one.id);
      const names = [...new Set(containers)].sort();
      throw new ContainerError({
        kind: "invalidArgument",
        id,
        containers: names,
      });
    },
    restart: async (namespace, id, { cri }) => {
      if (namespace === NAMESPACE && await restartWorker(id, options)) return;
      const rows = await rowsOf(namespace, { cri: false }, options);
      const row = newest(rows.filter((row) => row.id === id));
      const client = clientOf(namespace, options);
      if (!row || !client) throw new ContainerError({ kind: "notFound", id });
      if (cri) return await stop(row.task, client, options);
      await client.killTask(row.task, SIGTERM);
    },
  };
}

function infoOf(namespace: string, row: PodContainer): Info {
  const { id, podId, name, image, pid, status } = row;
  return { namespace, id, podId, name, image, pid, status };
}

/** Of one name the one that runs: the kubelet keeps some that ended. */
function newest(rows: readonly PodContainer[]): PodContainer | undefined {
  return rows.find(({ pid }) => pid !== 0) ?? rows.at(-1);
}

/** SIGTERM, and SIGKILL for one that does not heed it. */
async function stop(
  task: string,
  client: Listed,
  { clock }: ContainersOptions,
): Promise<void> {
  await client.killTask(task, SIGTERM);
  const over = new AbortController();
  const ended = client.waitTask(task, over.signal).then(() => true);
  const late = clock.sleep(GRACE_MS, over.signal).then(() => false);
  try {
    if (await Promise.race([ended, late])) return;
    await client.killTask(task, SIGKILL, { all: true });
  } catch (thrown) {
    // It ended, and containerd forgot it, in between.
    if (!isNotFound(thrown)) throw thrown;
  } finally {
    over.abort(new Error("ended"));
    void Promise.allSettled([ended, late]);
  }
}

/** What runs, and what it uses. */
async function statsOf(
  namespace: string,
  words: { readonly cri: boolean },
  options: ContainersOptions,
): Promise<Stat[]> {
  const rows = await rowsOf(namespace, words, options);
  const usages = rows.length === 0
    ? []
    : await clientOf(namespace, options)!.taskUsages();
  const hosts = namespace === NAMESPACE
    ? await options.containerd.taskUsages()
    : [];
  const named = [
    ...rows,
    ...hosts.map(({ id }) => ({ task: id, id, podId: id, name: id })),
  ];
  const byTask = new Map(
    [...usages, ...hosts].map((usage) => [usage.id, usage]),
  );
  return named.flatMap(({ task, id, podId, name }): Stat[] => {
    const usage = byTask.get(task);
    return usage
      ? [{
        ...{ namespace, id, podId, name },
        memoryUsage: usage.memoryBytes,
        cpuUsage: usage.cpuNanoseconds,
      }]
      : [];
  });
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
