/**
 * The kubelet: its configuration, its flags, what it joins the cluster with,
 * and the mounts of its container.
 */
import { CONTROL_PLANE } from "#lib/kube/control_plane.ts";
import { stringify } from "@std/yaml";
import {
  addressIn,
  KUBERNETES_PATHS,
  type KubernetesInput,
  nodeAddress,
} from "./input.ts";
import { kubeconfig } from "./kubeconfig.ts";

/** Flags that decide what the node is; extraArgs may not repeat them. */
const KUBELET_OWN_FLAGS: readonly string[] = [
  "bootstrap-kubeconfig",
  "cert-dir",
  "config",
  "hostname-override",
  "kubeconfig",
  "node-ip",
];

/** Where pods are reached when a service has a name. */
function clusterDns({ config }: KubernetesInput): string[] {
  return config.cluster.network.serviceSubnets.map((cidr) =>
    addressIn(cidr, 10)
  );
}

/**
 * What a kernel that is not the node's own asks for: nothing may be set that
 * is the whole machine's, and its disk is shared with others.
 */
const IN_CONTAINER = {
  evictionHard: {
    // None at all is refused for memory.
    "memory.available": "1Mi",
    "nodefs.available": "0%",
    "nodefs.inodesFree": "0%",
    "imagefs.available": "0%",
    "imagefs.inodesFree": "0%",
  },
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  // Lowering it takes CAP_SYS_RESOURCE of the machine.
  oomScoreAdj: 0,
};

function isControlPlane({ config }: KubernetesInput): boolean {
  return config.machine.type !== "join";
}

/** The text of kubelet.yaml. */
export function kubeletConfiguration(input: KubernetesInput): string {
  const { cluster } = input.config;
  const tainted = isControlPlane(input) && !cluster.allowSchedulingOnMasters;
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: nodeAddress(input).includes(":") ? "::" : "0.0.0.0",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: KUBERNETES_PATHS.ca },
    },
    authorization: { mode: "Webhook" },
    cgroupDriver: "cgroupfs",
    clusterDNS: clusterDns(input),
    clusterDomain: cluster.network.dnsDomain,
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    // Looked at, not reported, more often than every 10 s: a node is Ready
    // that much sooner after its network is.
    nodeStatusUpdateFrequency: "2s",
    port: 10250,
    ...tainted
      ? {
        registerWithTaints: [{
          key: CONTROL_PLANE,
          effect: "NoSchedule",
        }],
      }
      : {},
    // networkd replaces it; /etc has a link to it.
    resolvConf: "/system/etc/resolv.conf",
    rotateCertificates: true,
    serializeImagePulls: false,
    serverTLSBootstrap: true,
    shutdownGracePeriod: "0s",
    staticPodPath: KUBERNETES_PATHS.manifests,
    tlsMinVersion: "VersionTLS13",
    volumePluginDir: "/var/lib/kubelet/volumeplugins",
    ...input.mode === "container" ? IN_CONTAINER : {},
  });
}

/** The command line; an extra argument of ours is left as it is. */
export function kubeletArgs(input: KubernetesInput): string[] {
  const own: Readonly<Record<string, string>> = {
    "bootstrap-kubeconfig": KUBERNETES_PATHS.bootstrapKubeconfig,
    "cert-dir": KUBERNETES_PATHS.kubeletPki,
    "config": KUBERNETES_PATHS.kubeletConfig,
    "hostname-override": input.hostname,
    "kubeconfig": KUBERNETES_PATHS.kubeletKubeconfig,
    "node-ip": nodeAddress(input),
  };
  const extra = Object.entries(input.config.machine.kubelet.extraArgs ?? {})
    .filter(([flag]) => !KUBELET_OWN_FLAGS.includes(flag));
  return [
    "/usr/local/bin/kubelet",
    ...[...Object.entries(own), ...extra]
      .map(([flag, value]) => `--${flag}=${value}`),
  ];
}

/** What the kubelet asks for its first certificate with. */
export function bootstrapKubeconfig(input: KubernetesInput): string {
  const { cluster } = input.config;
  return kubeconfig({
    // A control plane can join while the endpoint is still nobody's.
    server: cluster.controlPlane.endpoint,
    ca: { pem: cluster.ca?.crt ?? "" },
    user: { token: cluster.token ?? "" },
    clusterName: cluster.clusterName ?? "kubernetes",
    userName: "kubelet-bootstrap",
  });
}
