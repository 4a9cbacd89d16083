/**
 * What the machine API needs of the node, as narrow interfaces: main.ts hands
 * in the real parts, tests hand in their own.
 */
import type { Any } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ContainerInfoSchema,
  GenerateConfigurationRequest,
  GenerateConfigurationResponseSchema,
  StatSchema,
  VersionInfoSchema,
} from "#proto/machine_pb.ts";
import type { EtcdControl } from "../etcd/control.ts";
import type { HealthChecks } from "../health.ts";
import type { Upgrades } from "../kubernetes/upgrades.ts";
import type { Inspect } from "./inspector.ts";

/** One transition of a service. */
export interface ServiceEventRecord {
  readonly message: string;
  /** `Running`, `Failed` ... */
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** One service as the supervisor sees it. */
export interface ServiceSnapshot {
  readonly id: string;
  readonly state: string;
  readonly events: readonly ServiceEventRecord[];
  readonly health: {
    readonly unknown: boolean;
    readonly healthy: boolean;
    readonly lastMessage: string;
    /** Milliseconds since 1970. */
    readonly lastChange: number;
  };
}

/** The services and what may be done to them. */
export interface Services {
  list(): readonly ServiceSnapshot[];
  /** Each rejects when the service is unknown or does not allow it. */
  start(id: string): Promise<void>;
  stop(id: string): Promise<void>;
  restart(id: string): Promise<void>;
}

/** The log of one service. */
export interface ServiceLog {
  /** `tailLines` below 0 means all that is kept. */
  follow(options: {
    readonly tailLines: number;
    readonly follow: boolean;
    readonly signal: AbortSignal;
  }): AsyncIterable<Uint8Array>;
}

/** The logs by service. */
export interface ServiceLogs {
  get(id: string): ServiceLog | undefined;
}

/** Where a reader of the events begins; at most one may be set. */
export interface EventsFrom {
  /** Below 0 means all that are kept. */
  readonly tailEvents?: number;
  /** After the event of this id. */
  readonly tailId?: string;
  readonly tailSeconds?: number;
}

/** The events of the node. */
export interface Events {
  watch(
    from: EventsFrom & { readonly signal: AbortSignal },
  ): AsyncIterable<{ readonly id: string; readonly data: Any }>;
}

/** The containers of the node. */
export interface Containers {
  /** `cri`: only pods, in the words of Kubernetes' own interface. */
  list(
    namespace: string,
    options: { readonly cri: boolean },
  ): Promise<readonly MessageInitShape<typeof ContainerInfoSchema>[]>;
  /** Of those that run. */
  stats(
    namespace: string,
    options: { readonly cri: boolean },
  ): Promise<readonly MessageInitShape<typeof StatSchema>[]>;
  /** Where the kubelet has the log files of a container. */
  logDirectory(namespace: string, id: string): Promise<string>;
  /** `cri`: one that does not heed SIGTERM is killed. */
  restart(
    namespace: string,
    id: string,
    options: { readonly cri: boolean },
  ): Promise<void>;
}

/** The machine config. */
export interface Configuration {
  /**
   * Checks and stores `data`; then applies it unless `noReboot`. Rejects with
   * every problem, with nothing changed. Resolves before services restart.
   */
  apply(
    data: Uint8Array,
    options: { readonly noReboot: boolean },
  ): Promise<void>;
  generate(
    request: GenerateConfigurationRequest,
  ): Promise<MessageInitShape<typeof GenerateConfigurationResponseSchema>>;
}

/** The member of etcd that this node is, or is to be. */
type Etcd = Pick<
  EtcdControl,
  | ("bootstrap" | "defragment" | "forfeitLeadership" | "leave")
  | ("members" | "remove" | "snapshot" | "status" | "receive")
  | ("alarms" | "disarm")
>;

/** All that the machine API works on. */
export interface Node {
  readonly version: MessageInitShape<typeof VersionInfoSchema>;
  readonly platform: {
    readonly name: string;
    readonly mode: "container" | "metal";
  };
  readonly services: Services;
  readonly logs: ServiceLogs;
  readonly events: Events;
  readonly containers: Containers;
  readonly configuration: Configuration;
  readonly inspect: Inspect;
  /** For a new administrator of Kubernetes, as a tar.gz. */
  kubeconfig(): Promise<Uint8Array>;
  /** Rejects when it cannot begin; goes on in the background. */
  recover(source: "etcd" | "apiserver"): Promise<void>;
  readonly etcd: Etcd;
  readonly health: Pick<HealthChecks, "check">;
  readonly upgrades: Pick<Upgrades, "follow" | "plan">;
  /** Starts the shutdown sequence in the background. */
  shutdown(): void;
}
