/** Local clusters, whatever a node is made of. */
import { AgentError } from "#lib/errors.ts";
import type { ImageFault } from "#lib/image/signed_image.ts";
import type { MergedKubeconfig } from "../client/kubeconfig.ts";
import type { NetworkPlan, NodePlan } from "./plan.ts";
import type { BuiltImages } from "./built_images.ts";

/** Why a local cluster cannot be made, shown or removed. */
export class ProvisionError extends AgentError<
  | { kind: "exists"; cluster: string }
  | { kind: "absent"; cluster: string }
  | { kind: "busy"; cluster: string }
  | { kind: "host"; what: string }
  | { kind: "image"; fault: ImageFault }
  | { kind: "state"; path: string }
  | { kind: "leftover"; cluster: string; what: readonly string[] }
  | { kind: "later"; provisioner: string }
  | { kind: "died"; node: string }
  | { kind: "silent"; nodes: readonly string[] }
> {}

/** What a node is made of. */
const PROVISIONERS = ["container", "qemu"] as const;
/** One of {@linkcode PROVISIONERS}. */
export type ProvisionerKind = typeof PROVISIONERS[number];

/** A node as it is asked for. */
export interface NodeRequest extends NodePlan {
  /** Limit of its memory. */
  readonly memoryMiB: number;
  /** Limit of its processor time; fractions are fine. */
  readonly cpus: number;
  /** Its machine config, YAML. */
  readonly config: string;
}

/** A signed image and whom to trust. */
export interface ImageSource {
  /** The root file system, a SquashFS image; what proves it is beside it. */
  readonly image: string;
  /** File of the public keys that may have signed it. */
  readonly keys: string;
}

/** A cluster as it is asked for. */
export interface ClusterRequest extends ImageSource {
  readonly name: string;
  readonly id: string;
  readonly network: NetworkPlan;
  readonly nodes: readonly NodeRequest[];
  /** Container images that a registry on the gateway's address serves. */
  readonly images?: BuiltImages;
}

/** A node as it is recorded: everything but secrets. */
export type NodeRecord = Omit<NodeRequest, "config">;

/** A cluster as it is recorded. */
export interface ClusterRecord {
  readonly provisioner: ProvisionerKind;
  /** `creating` until all of it runs: a crash leaves it behind. */
  readonly status: "creating" | "running";
  readonly name: string;
  readonly id: string;
  readonly image: string;
  readonly network: NetworkPlan;
  readonly nodes: readonly NodeRecord[];
  /** Where its client configuration was merged into, and as what. */
  readonly talosconfig?: {
    readonly path: string;
    readonly context: string;
    /** The CA as the context has it: tells ours from another of that name. */
    readonly ca: string;
  };
  /** The same of its kubeconfig. */
  readonly kubeconfig?: MergedKubeconfig;
}

/** Says what happens, one line at a time. */
export type Report = (line: string) => void;

/** Makes, shows and removes local clusters of one kind. */
export interface Provisioner {
  /** Resolves when the nodes run; whether they answer is another question. */
  create(request: ClusterRequest, report: Report): Promise<ClusterRecord>;
  /** Changes what is recorded beside the cluster. */
  annotate(
    name: string,
    change: Pick<ClusterRecord, "talosconfig" | "kubeconfig">,
  ): Promise<void>;
  show(name: string): Promise<ClusterRecord>;
  /**
   * Leaves nothing behind, whatever state the cluster or its record is in;
   * returns the record if it could still be read.
   */
  destroy(name: string, report: Report): Promise<ClusterRecord | undefined>;
  /** Starts the nodes that do not run; they keep what is on their disks. */
  start(name: string, report: Report): Promise<ClusterRecord>;
  /** Names of nodes that do not run although they should. */
  stopped(record: ClusterRecord): Promise<string[]>;
}
