/**
 * machine.MachineService: message -> node -> message. No decisions; what is
 * not here yet answers Unimplemented.
 *
 * Every unary reply carries exactly one element in `messages`, without
 * metadata: apid adds the node's name to it on the way out.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ContainerDriver, DataSchema } from "#proto/common_pb.ts";
import {
  FileInfoSchema,
  type MachineService,
  MountsResponseSchema,
  ProcessesResponseSchema,
  RecoverRequest_Source,
  type ServiceInfoSchema,
} from "#proto/machine_pb.ts";
import type { ServiceHandlers } from "#lib/rpc/call.ts";
import { AgentError } from "#lib/errors.ts";
import { decoded, single } from "./decode.ts";
import { etcdHandlers } from "./etcd_handlers.ts";
import { parseMeminfo } from "./meminfo.ts";
import type { EventsFrom, Node, ServiceSnapshot } from "./node.ts";

/** Why a call was refused before it touched the node. */
export type RequestProblem =
  | { readonly kind: "notFound"; readonly text: string }
  | { readonly kind: "invalidArgument"; readonly text: string }
  /** The text is that of the seed era. */
  | { readonly kind: "containerMode" };

/** A call that was refused before it touched the node. */
export class RequestError extends AgentError<RequestProblem> {
  override name = "RequestError";

  constructor(problem: RequestProblem) {
    super(
      problem,
      problem.kind === "containerMode"
        ? "method is not supported in container mode"
        : problem.text,
    );
  }
}

type Handlers = ServiceHandlers<typeof MachineService>;

/** The handlers for `node`. */
export function machineService(node: Node): Handlers {
  return {
    ...systemHandlers(node),
    ...serviceHandlers(node),
    ...streamHandlers(node),
    ...containerHandlers(node),
    ...lifecycleHandlers(node),
    ...etcdHandlers(node.etcd),
  };
}

function systemHandlers({ version, platform, inspect }: Node): Handlers {
  return {
    version: () => ({ messages: [{ version, platform }] }),
    hostname: async () => {
      const name = await Deno.readTextFile("/proc/sys/kernel/hostname");
      return { messages: [{ hostname: name.trim() }] };
    },
    memory: async () => {
      const meminfo = parseMeminfo(await Deno.readTextFile("/proc/meminfo"));
      return { messages: [{ meminfo }] };
    },
    mounts: (_, call) =>
      single(MountsResponseSchema, inspect("mounts", {}, call.signal)),
    processes: (_, call) =>
      single(ProcessesResponseSchema, inspect("processes", {}, call.signal)),
  };
}

function serviceHandlers({ services }: Node): Handlers {
  return {
    serviceList: () => ({
      messages: [{ services: services.list().map(serviceInfo) }],
    }),
    serviceStart: async ({ id }) => {
      await services.start(id);
      return { messages: [{ resp: `Service "${id}" started` }] };
    },
    serviceStop: async ({ id }) => {
      await services.stop(id);
      return { messages: [{ resp: `Service "${id}" stopped` }] };
    },
    serviceRestart: async ({ id }) => {
      await services.restart(id);
      return { messages: [{ resp: `Service "${id}" restarted` }] };
    },
  };
}

function serviceInfo(
  service: ServiceSnapshot,
): MessageInitShape<typeof ServiceInfoSchema> {
  const { unknown, healthy, lastMessage, lastChange } = service.health;
  return {
    id: service.id,
    state: service.state,
    events: {
      events: service.events.map(({ message, state, at }) => ({
        msg: message,
        state,
        ts: timestampFromMs(at),
      })),
    },
    health: {
      unknown,
      healthy,
      lastMessage,
      lastChange: timestampFromMs(lastChange),
    },
  };
}

function streamHandlers(node: Node): Handlers {
  const { logs, events, inspect, containers } = node;
  return {
    logs: async function* (request, call) {
      const { namespace, id, driver, follow, tailLines } = request;
      checkDriver(namespace, driver);
      // The kubelet is a container of that name space, its log is a service's.
      if (namespace === "k8s.io" && id !== "kubelet") {
        const directory = await containers.logDirectory(namespace, id);
        const options = { directory, follow, tailLines };
        const lines = inspect("podLog", options, call.signal);
        return yield* decoded(DataSchema, lines);
      }
      const log = namespace === "system" || id === "kubelet"
        ? logs.get(id)
        : undefined;
      if (!log) {
        const text = `log "${id}" was not registered`;
        throw new RequestError({ kind: "notFound", text });
      }
      const { signal } = call;
      for await (const bytes of log.follow({ tailLines, follow, signal })) {
        yield { bytes };
      }
    },
    events: async function* (request, call) {
      const from = eventsFrom(request);
      for await (
        const event of events.watch({ ...from, signal: call.signal })
      ) {
        yield event;
      }
    },
    list: (request, call) => {
      const { root, recurse, recursionDepth } = request;
      const options = { root, recurse, recursionDepth };
      return decoded(FileInfoSchema, inspect("list", options, call.signal));
    },
    read: ({ path }, call) =>
      decoded(DataSchema, inspect("read", { path }, call.signal)),
    dmesg: ({ follow, tail }, call) =>
      decoded(DataSchema, inspect("dmesg", { follow, tail }, call.signal)),
  };
}

function eventsFrom(
  request: { tailEvents: number; tailId: string; tailSeconds: number },
): EventsFrom {
  const { tailEvents, tailId, tailSeconds } = request;
  const given = [tailEvents !== 0, tailId !== "", tailSeconds !== 0];
  if (given.filter(Boolean).length > 1) {
    const text =
      "tail_events, tail_id and tail_seconds exclude each other: give one";
    throw new RequestError({ kind: "invalidArgument", text });
  }
  if (tailEvents !== 0) return { tailEvents };
  if (tailId !== "") return { tailId };
  return tailSeconds === 0 ? {} : { tailSeconds };
}

function containerHandlers({ containers }: Node): Handlers {
  return {
    containers: async ({ namespace, driver }) => {
      checkDriver(namespace, driver);
      const list = await containers.list(namespace, {
        cri: driver === ContainerDriver.CRI,
      });
      return { messages: [{ containers: [...list] }] };
    },
    restart: async ({ namespace, id, driver }) => {
      checkDriver(namespace, driver);
      const cri = driver === ContainerDriver.CRI;
      await containers.restart(namespace, id, { cri });
      return { messages: [{}] };
    },
    stats: async ({ namespace, driver }) => {
      checkDriver(namespace, driver);
      const cri = driver === ContainerDriver.CRI;
      const stats = await containers.stats(namespace, { cri });
      return { messages: [{ stats: [...stats] }] };
    },
  };
}

function checkDriver(namespace: string, driver: ContainerDriver): void {
  if (driver === ContainerDriver.CRI && namespace !== "k8s.io") {
    const text = "CRI inspector is supported only for K8s namespace";
    throw new RequestError({ kind: "invalidArgument", text });
  }
}

function lifecycleHandlers(node: Node): Handlers {
  const { configuration, platform } = node;
  return {
    applyConfiguration: async ({ data, noReboot }) => {
      await configuration.apply(data, { noReboot });
      return { messages: [{}] };
    },
    kubeconfig: async function* () {
      yield { bytes: await node.kubeconfig() };
    },
    generateConfiguration: (request) => configuration.generate(request),
    recover: async ({ source }) => {
      const etcd = source === RecoverRequest_Source.ETCD;
      await node.recover(etcd ? "etcd" : "apiserver");
      return { messages: [{}] };
    },
    shutdown: () => {
      node.shutdown();
      return { messages: [{}] };
    },
    ...(platform.mode === "container" &&
      { reboot: refuse, upgrade: refuse, rollback: refuse }),
  };
}

function refuse(): never {
  throw new RequestError({ kind: "containerMode" });
}
