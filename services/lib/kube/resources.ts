/**
 * The kinds of objects that the node looks at, as far as it looks at them
 * (Kubernetes API 1.37), and where the API server has them.
 */

/** What every object has. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly { readonly kind: string }[];
}

/** Any object. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** Where objects of one kind are; the type is that of the objects. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** As in "v1" or "apps/v1". */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set; ties the type to the resource. */
  readonly object?: T;
}

/** One entry of `status.conditions`. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** A machine of the cluster. */
export interface KubeNode extends KubeObject {
  readonly spec?: {
    readonly podCIDRs?: readonly string[];
    readonly unschedulable?: boolean;
    readonly taints?: readonly Taint[];
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly addresses?: readonly {
      readonly type: string;
      readonly address: string;
    }[];
  };
}

/** What keeps pods from a node. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** A pod, as far as draining and health go. */
export interface Pod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly Container[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** A container as it is wanted. */
export interface Container {
  readonly name: string;
  readonly image?: string;
}

/** What of a container is not as it should be. */
export interface ContainerStatus {
  readonly name: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
  };
}

/** A request for a certificate. */
export interface CertificateSigningRequest extends KubeObject {
  readonly spec: {
    /** PEM in base64. */
    readonly request: string;
    readonly signerName: string;
    readonly username?: string;
    readonly groups?: readonly string[];
    readonly usages?: readonly string[];
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly certificate?: string;
  };
}

/** Where a service is reached. */
export interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
  }[];
}

/** A set of pods, one on each node. */
export interface DaemonSet extends KubeObject {
  readonly spec?: {
    readonly template?: {
      readonly spec?: { readonly containers?: readonly Container[] };
    };
  };
  readonly status?: {
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
  };
}

function core<T extends KubeObject>(
  kind: string,
  plural: string,
  namespaced: boolean,
): Resource<T> {
  return { apiVersion: "v1", kind, plural, namespaced };
}

/** The resources that the node asks for by name. */
export const RESOURCES = {
  nodes: core<KubeNode>("Node", "nodes", false),
  pods: core<Pod>("Pod", "pods", true),
  certificateSigningRequests: {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    plural: "certificatesigningrequests",
    namespaced: false,
  } as Resource<CertificateSigningRequest>,
  endpointSlices: {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    plural: "endpointslices",
    namespaced: true,
  } as Resource<EndpointSlice>,
  daemonSets: {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    plural: "daemonsets",
    namespaced: true,
  } as Resource<DaemonSet>,
} as const;

/** The path of a collection, or of what is in it. */
export function pathOf(
  resource: Pick<Resource, "apiVersion" | "plural" | "namespaced">,
  at: { readonly namespace?: string; readonly name?: string } = {},
): string {
  const { apiVersion, plural, namespaced } = resource;
  const root = apiVersion.includes("/") ? "/apis" : "/api";
  const parts = [root, apiVersion];
  if (namespaced && at.namespace !== undefined) {
    parts.push("namespaces", encodeURIComponent(at.namespace));
  }
  parts.push(plural);
  if (at.name !== undefined) parts.push(encodeURIComponent(at.name));
  return parts.join("/");
}
