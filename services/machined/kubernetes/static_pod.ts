/**
 * The shape that the pods of the control plane share: what the kubelet starts
 * from a file, before there is an API server to ask.
 */
import { createHash } from "node:crypto";
import { stringify } from "@std/yaml";
import { COMPONENTS } from "#lib/kube/control_plane.ts";
import { KUBERNETES_PATHS } from "./input.ts";

/** A component of the control plane. */
export type Component = (typeof COMPONENTS)[number];

/** Flags by name, without dashes; several of one name are a list. */
export type Flags = Readonly<Record<string, string | readonly string[]>>;

/** What is different from one component to the next. */
export interface ComponentOptions {
  readonly name: Component;
  readonly image: string;
  readonly flags: Flags;
  /** Of the config; one that is named here replaces ours. */
  readonly extraArgs: Readonly<Record<string, string>>;
  /** Where it says that it is well. */
  readonly port: number;
  readonly livePath: string;
  readonly readyPath: string;
  readonly cpu: string;
  readonly memory: string;
  /** Directories of the node that it writes to. */
  readonly writes?: readonly string[];
  /** What it was given to read; a change starts it anew. */
  readonly secrets: readonly { readonly path: string; readonly text: string }[];
}

/** What the kubelet finds in its directory of manifests. */
export interface StaticPod {
  readonly name: Component;
  readonly path: string;
  readonly text: string;
  /** Of all that makes it another pod. */
  readonly digest: string;
}

function podPath(name: Component): string {
  return `${KUBERNETES_PATHS.manifests}/talos-${name}.yaml`;
}

/** Files that tell whether a control plane was put in place. */
export const controlPlanePaths = {
  /** There from the first rollout on, until the node stops. */
  secrets: `${KUBERNETES_PATHS.secrets}/kube-apiserver/ca.crt`,
  pods: COMPONENTS.map(podPath),
} as const;

/** The command line, sorted, so that the same config is the same pod. */
function commandOf({ name, flags, extraArgs }: ComponentOptions): string[] {
  const all = new Map<string, string | readonly string[]>([
    ...Object.entries(flags),
    ...Object.entries(extraArgs),
  ]);
  const sorted = [...all].sort(([a], [b]) => a < b ? -1 : 1);
  return [
    `/usr/local/bin/${name}`,
    ...sorted.flatMap(([flag, value]) =>
      (typeof value === "string" ? [value] : value)
        .map((one) => `--${flag}=${one}`)
    ),
  ];
}

function probe(options: ComponentOptions, path: string) {
  return {
    httpGet: { host: "127.0.0.1", path, port: options.port, scheme: "HTTPS" },
    timeoutSeconds: 15,
  };
}

/** The annotation by which a pod that runs is known to be of this config. */
export const CONFIG_DIGEST = "talos.dev/config-digest";

/** Certificates are read again when they change: they do not count. */
function digestOf(spec: unknown, secrets: ComponentOptions["secrets"]): string {
  const hash = createHash("sha256").update(JSON.stringify(spec));
  for (const { path, text } of secrets) {
    if (!/\.(crt|key)$/.test(path)) hash.update(`${path}\n${text}\n`);
  }
  return hash.digest("hex").slice(0, 32);
}

function containerOf(options: ComponentOptions) {
  const secrets = `${KUBERNETES_PATHS.secrets}/${options.name}`;
  const writes = options.writes ?? [];
  return {
    name: options.name,
    image: options.image,
    command: commandOf(options),
    resources: { requests: { cpu: options.cpu, memory: options.memory } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    startupProbe: {
      ...probe(options, options.livePath),
      periodSeconds: 2,
      failureThreshold: 150,
    },
    livenessProbe: {
      ...probe(options, options.livePath),
      periodSeconds: 10,
      failureThreshold: 8,
    },
    readinessProbe: {
      ...probe(options, options.readyPath),
      periodSeconds: 1,
      failureThreshold: 3,
    },
    volumeMounts: [
      { name: "secrets", mountPath: secrets, readOnly: true },
      ...writes.map((path, at) => ({ name: `data-${at}`, mountPath: path })),
    ],
  };
}

function specOf(options: ComponentOptions) {
  return {
    priorityClassName: "system-cluster-critical",
    hostNetwork: true,
    automountServiceAccountToken: false,
    containers: [containerOf(options)],
    volumes: [
      {
        name: "secrets",
        hostPath: { path: `${KUBERNETES_PATHS.secrets}/${options.name}` },
      },
      ...(options.writes ?? []).map((path, at) => ({
        name: `data-${at}`,
        hostPath: { path, type: "DirectoryOrCreate" },
      })),
    ],
  };
}

/** The pod of one component. */
export function staticPod(options: ComponentOptions): StaticPod {
  const { name, secrets } = options;
  const spec = specOf(options);
  const digest = digestOf(spec, secrets);
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "kube-system",
      labels: {
        tier: "control-plane",
        "k8s-app": name,
        component: name,
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/managed-by": "Talos",
      },
      annotations: { [CONFIG_DIGEST]: digest },
    },
    spec,
  };
  return {
    name,
    digest,
    path: podPath(name),
    text: stringify(pod),
  };
}
