/**
 * What `talosctl containers` and `restart` see of the namespace `system`: a
 * service host as a pod, each of its workers as a container in it.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Containerd } from "#lib/containerd/client.ts";
import { AgentError } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import type { ContainerInfoSchema } from "#proto/machine_pb.ts";
import type { Containers } from "./api/node.ts";

const NAMESPACE = "system";
const SIGTERM = 15;

/** A host, as far as its workers are concerned. */
export interface WorkersOf {
  readonly workers: readonly string[];
}

/** What {@linkcode containersOf} works with. */
export interface ContainersOptions {
  readonly hosts: ReadonlyMap<string, WorkersOf>;
  readonly containerd: Pick<Containerd, "listTasks" | "killTask">;
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
export function containersOf(
  { hosts, containerd, bounce, replied, log }: ContainersOptions,
): Containers {
  return {
    list: async (namespace) => {
      if (namespace !== NAMESPACE) return [];
      const tasks = await containerd.listTasks();
      return tasks.flatMap(({ id, pid, status }): Info[] => {
        const common = { namespace, podId: id, pid, status };
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
    },
    restart: async (namespace, id) => {
      const [pod = "", worker] = id.split(":");
      const found = [...hosts].find(([name, host]) =>
        namespace === NAMESPACE &&
        (worker === undefined
          ? name === id || host.workers.includes(id)
          : name === pod && host.workers.includes(worker))
      );
      if (!found) throw new ContainerError(id);
      const restart = () =>
        found[0] === id
          ? containerd.killTask(id, SIGTERM)
          : bounce(worker ?? id);
      // The answer leaves through the gateway, which may be what restarts.
      if (!found[1].workers.includes("apid")) return await restart();
      replied().then(restart).catch((thrown) =>
        log.error(`Cannot restart "${id}"`, thrown)
      );
    },
  };
}
