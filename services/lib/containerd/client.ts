/**
 * A thin client of containerd's gRPC API over its unix socket: what we call,
 * in our shapes. A name space is fixed when the client is made. Failures are
 * RpcErrors; errors.ts tells those apart that only say "it is so already".
 */
import { Containers } from "#proto/containerd_containers_pb.ts";
import { Namespaces } from "#proto/containerd_namespaces_pb.ts";
import { Status as TaskStatus } from "#proto/containerd_task_types_pb.ts";
import { Tasks } from "#proto/containerd_tasks_pb.ts";
import { Version } from "#proto/containerd_version_pb.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from "#proto/grpc_health_pb.ts";
import { type Channel, connect, createClient } from "../rpc/client.ts";
import { isAlreadyExists, isNotFound } from "./errors.ts";
import { type ImageCalls, imageCalls } from "./images.ts";
import { type TaskUsage, usageOf } from "./metrics.ts";
import type { RuntimeSpec } from "./spec.ts";
import { type TransferCalls, transferCalls } from "./transfer.ts";

/** The runtime of every container of ours. */
const RUNTIME = "io.containerd.runc.v2";
/** How containerd tells the type of a spec; its bytes are JSON. */
const SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
/** For calls that start or end processes. */
const SLOW_MS = 15_000;
/** For all others. */
const QUICK_MS = 5_000;

/** A container as we make it. */
export interface ContainerOptions {
  readonly id: string;
  /** Shown by `talosctl containers`; nothing is pulled for it. */
  readonly image: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: RuntimeSpec;
}

/** A container as containerd knows it. */
export interface ContainerRecord {
  readonly id: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A mount that becomes (part of) a container's root. */
export interface RootMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A container's process as containerd knows it. */
export interface TaskRecord {
  readonly id: string;
  readonly pid: number;
  readonly status: "CREATED" | "RUNNING" | "STOPPED" | "PAUSED" | "UNKNOWN";
}

/** See the top of the file. */
export interface Containerd extends ImageCalls, TransferCalls {
  /** Rejects unless containerd says that it serves. */
  health(signal?: AbortSignal): Promise<void>;
  version(): Promise<{ version: string; revision: string }>;
  listNamespaces(): Promise<string[]>;
  /** Has no effect when it is there. */
  ensureNamespace(): Promise<void>;
  createContainer(options: ContainerOptions): Promise<void>;
  listContainers(): Promise<ContainerRecord[]>;
  deleteContainer(id: string): Promise<void>;
  /** Makes the process without letting it run; returns its pid. */
  createTask(
    id: string,
    options: { readonly rootfs: readonly RootMount[]; readonly output: string },
  ): Promise<number>;
  startTask(id: string): Promise<void>;
  /** Resolves with the exit status when the process ends. */
  waitTask(id: string, signal?: AbortSignal): Promise<number>;
  /** `all`: every process of the container. */
  killTask(
    id: string,
    signal: number,
    options?: { readonly all?: boolean },
  ): Promise<void>;
  deleteTask(id: string): Promise<void>;
  getTask(id: string): Promise<TaskRecord | undefined>;
  listTasks(): Promise<TaskRecord[]>;
  /** Of all tasks that run. */
  taskUsages(): Promise<TaskUsage[]>;
  close(): void;
}

const STATUS_NAMES = {
  [TaskStatus.UNKNOWN]: "UNKNOWN",
  [TaskStatus.CREATED]: "CREATED",
  [TaskStatus.RUNNING]: "RUNNING",
  [TaskStatus.STOPPED]: "STOPPED",
  [TaskStatus.PAUSED]: "PAUSED",
  [TaskStatus.PAUSING]: "PAUSED",
} as const satisfies Record<TaskStatus, TaskRecord["status"]>;

interface TaskProcess {
  readonly containerId: string;
  readonly id: string;
  readonly pid: number;
  readonly status: TaskStatus;
}

function toTask(process: TaskProcess): TaskRecord {
  return {
    id: process.containerId || process.id,
    pid: process.pid,
    status: STATUS_NAMES[process.status] ?? "UNKNOWN",
  };
}

/** A client of the containerd at `socket`; nothing is dialled yet. */
export function connectContainerd(
  { socket, namespace }: { socket: string; namespace: string },
): Containerd {
  const channel = connect({
    target: { socket },
    metadata: { "containerd-namespace": namespace },
    maxMessageBytes: 16 << 20,
  });
  return {
    ...nodeCalls(channel, namespace),
    ...containerCalls(channel),
    ...taskCalls(channel),
    ...imageCalls(channel),
    ...transferCalls(channel),
    close: () => channel.close(),
  };
}

function nodeCalls(channel: Channel, namespace: string) {
  const health = createClient(Health, channel);
  const version = createClient(Version, channel);
  const namespaces = createClient(Namespaces, channel);
  const quick = { timeoutMs: QUICK_MS };
  return {
    async health(signal?: AbortSignal) {
      const options = signal ? { ...quick, signal } : quick;
      const { status } = await health.check({}, options);
      if (status !== Serving.SERVING) {
        throw new Error(`containerd says ${Serving[status]}`);
      }
    },
    async version() {
      const { version: text, revision } = await version.version({}, quick);
      return { version: text, revision };
    },
    async listNamespaces() {
      const { namespaces: list } = await namespaces.list({}, quick);
      return list.map(({ name }) => name);
    },
    async ensureNamespace() {
      const request = { namespace: { name: namespace } };
      await namespaces.create(request, quick).catch((thrown) => {
        if (!isAlreadyExists(thrown)) throw thrown;
      });
    },
  } satisfies Partial<Containerd>;
}

function containerCalls(channel: Channel) {
  const containers = createClient(Containers, channel);
  const quick = { timeoutMs: QUICK_MS };
  return {
    async createContainer({ id, image, labels = {}, spec }: ContainerOptions) {
      const value = new TextEncoder().encode(JSON.stringify(spec));
      const container = {
        id,
        image,
        labels: { ...labels },
        runtime: { name: RUNTIME },
        spec: { typeUrl: SPEC_TYPE, value },
      };
      await containers.create({ container }, quick);
    },
    async listContainers() {
      const { containers: list } = await containers.list({}, quick);
      return list.map(({ id, image, labels }) => ({ id, image, labels }));
    },
    async deleteContainer(id: string) {
      await containers.delete({ id }, quick);
    },
  } satisfies Partial<Containerd>;
}

function taskCalls(channel: Channel) {
  const tasks = createClient(Tasks, channel);
  const quick = { timeoutMs: QUICK_MS };
  const slow = { timeoutMs: SLOW_MS };
  return {
    async createTask(id, { rootfs, output }) {
      const { pid } = await tasks.create({
        containerId: id,
        rootfs: rootfs.map((m) => ({ ...m, options: [...m.options] })),
        stdout: output,
        stderr: output,
      }, slow);
      return pid;
    },
    async startTask(id) {
      await tasks.start({ containerId: id }, slow);
    },
    async waitTask(id, signal) {
      const options = signal ? { signal } : {};
      return (await tasks.wait({ containerId: id }, options)).exitStatus;
    },
    async killTask(id, signal, { all = false } = {}) {
      await tasks.kill({ containerId: id, signal, all }, quick);
    },
    async deleteTask(id) {
      await tasks.delete({ containerId: id }, slow);
    },
    async getTask(id) {
      try {
        const { process } = await tasks.get({ containerId: id }, quick);
        return process && toTask(process);
      } catch (thrown) {
        if (isNotFound(thrown)) return undefined;
        throw thrown;
      }
    },
    async listTasks() {
      return (await tasks.list({}, quick)).tasks.map(toTask);
    },
    async taskUsages() {
      const { metrics } = await tasks.metrics({}, slow);
      return metrics.flatMap(({ id, data }) =>
        (data && usageOf(id, data)) ?? []
      );
    },
  } satisfies Partial<Containerd>;
}
