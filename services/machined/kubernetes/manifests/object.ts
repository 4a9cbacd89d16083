/** The vocabulary of the bootstrap manifests: objects of every day, short. */
import type { KubeObject } from "#lib/kube/resources.ts";

const NAMESPACE = "kube-system";
const RBAC = "rbac.authorization.k8s.io";

/** Who is bound to a role. */
export type Subject =
  | { readonly kind: "Group"; readonly name: string }
  | { readonly kind: "ServiceAccount"; readonly name: string };

/** What a role may do. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** The name that a pod of the system has towards the API server. */
export function serviceAccount(name: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace: NAMESPACE },
  };
}

/** What may be done, in every namespace. */
export function clusterRole(name: string, rules: readonly Rule[]): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRole",
    metadata: { name },
    rules,
  };
}

/** Who may do it. */
export function clusterRoleBinding(
  name: string,
  { role, subject }: { readonly role: string; readonly subject: Subject },
): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
    subjects: [
      subject.kind === "Group"
        ? { apiGroup: RBAC, ...subject }
        : { ...subject, namespace: NAMESPACE },
    ],
  };
}

/** Settings of a pod of the system. */
export function configMap(
  name: string,
  data: Readonly<Record<string, string>>,
): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: NAMESPACE },
    data,
  };
}

/** A secret of the system; `data` is plain text here. */
export function secret(
  name: string,
  { type, data }: {
    readonly type: string;
    readonly data: Readonly<Record<string, string>>;
  },
): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: NAMESPACE },
    type,
    // In base64 and not in stringData: what was applied is then what is there.
    data: Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, btoa(text)]),
    ),
  };
}

/** A DaemonSet or a Deployment of the system, in its namespace. */
export function workload(
  kind: "DaemonSet" | "Deployment",
  { name, app = name, spec, pod }: {
    readonly name: string;
    /** The value of its label, where that is not its name. */
    readonly app?: string;
    /** Beside selector and template. */
    readonly spec: Readonly<Record<string, unknown>>;
    readonly pod: Readonly<Record<string, unknown>>;
  },
): KubeObject {
  const labels = { "k8s-app": app };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace: NAMESPACE, labels },
    spec: {
      selector: { matchLabels: labels },
      ...spec,
      template: { metadata: { labels }, spec: pod },
    },
  };
}

/** Runs on every node, whatever keeps others away. */
export const EVERYWHERE = [
  { operator: "Exists", effect: "NoSchedule" },
  { operator: "Exists", effect: "NoExecute" },
  { key: "CriticalAddonsOnly", operator: "Exists" },
];
