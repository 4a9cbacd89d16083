/**
 * The static pods of the control plane from the machine config: which image,
 * which flags. Flags are those of Kubernetes 1.37; what the config adds in
 * extraArgs wins.
 */
import { COMPONENTS } from "#lib/kube/control_plane.ts";
import {
  KUBERNETES_PATHS,
  type KubernetesInput,
  nodeAddress,
} from "./input.ts";
import type { SecretFile } from "./secrets.ts";
import {
  type Component,
  type ComponentOptions,
  type Flags,
  type StaticPod,
  staticPod,
} from "./static_pod.ts";

type Part = Omit<ComponentOptions, "name" | "secrets">;

function secretsOf(component: Component) {
  return (name: string) => `${KUBERNETES_PATHS.secrets}/${component}/${name}`;
}

function apiServerFlags(input: KubernetesInput): Flags {
  const { cluster } = input.config;
  const { endpoint, localAPIServerPort } = cluster.controlPlane;
  const secret = secretsOf("kube-apiserver");
  const address = nodeAddress(input);
  return {
    "admission-control-config-file": secret("admission.yaml"),
    "advertise-address": address,
    "allow-privileged": "true",
    "api-audiences": endpoint,
    "audit-log-format": "json",
    "audit-log-maxage": "30",
    "audit-log-maxbackup": "3",
    "audit-log-maxsize": "50",
    "audit-log-path": `${KUBERNETES_PATHS.auditLog}/kube-apiserver.log`,
    "audit-policy-file": secret("auditpolicy.yaml"),
    "authentication-config": secret("authentication.yaml"),
    "authorization-mode": "Node,RBAC",
    "bind-address": address.includes(":") ? "::" : "0.0.0.0",
    "client-ca-file": secret("ca.crt"),
    "enable-admission-plugins": "NodeRestriction",
    "enable-bootstrap-token-auth": "true",
    "encryption-provider-config": secret("encryptionconfig.yaml"),
    "etcd-cafile": secret("etcd-client-ca.crt"),
    "etcd-certfile": secret("etcd-client.crt"),
    "etcd-keyfile": secret("etcd-client.key"),
    "etcd-servers": "https://127.0.0.1:2379",
    "kubelet-certificate-authority": secret("ca.crt"),
    "kubelet-client-certificate": secret("apiserver-kubelet-client.crt"),
    "kubelet-client-key": secret("apiserver-kubelet-client.key"),
    "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
    "profiling": "false",
    "proxy-client-cert-file": secret("front-proxy-client.crt"),
    "proxy-client-key-file": secret("front-proxy-client.key"),
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-client-ca-file": secret("aggregator-ca.crt"),
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-username-headers": "X-Remote-User",
    "secure-port": String(localAPIServerPort),
    // Watches would keep it until the kubelet kills it.
    "shutdown-watch-termination-grace-period": "5s",
    "service-account-issuer": endpoint,
    "service-account-key-file": secret("service-account.pub"),
    "service-account-signing-key-file": secret("service-account.key"),
    "service-cluster-ip-range": cluster.network.serviceSubnets.join(","),
    "tls-cert-file": secret("apiserver.crt"),
    "tls-min-version": "VersionTLS12",
    "tls-private-key-file": secret("apiserver.key"),
  };
}

/** Flags of those that call the API server and serve their own health. */
function clientFlags(component: Component): Flags {
  const kubeconfig = secretsOf(component)("kubeconfig");
  return {
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    "kubeconfig": kubeconfig,
    "leader-elect": "true",
    "profiling": "false",
    "tls-min-version": "VersionTLS13",
  };
}

function controllerManagerFlags({ config }: KubernetesInput): Flags {
  const { network, clusterName } = config.cluster;
  const secret = secretsOf("kube-controller-manager");
  return {
    ...clientFlags("kube-controller-manager"),
    "allocate-node-cidrs": "true",
    "cluster-cidr": network.podSubnets.join(","),
    ...clusterName === undefined ? {} : { "cluster-name": clusterName },
    "cluster-signing-cert-file": secret("ca.crt"),
    "cluster-signing-key-file": secret("ca.key"),
    "controllers": "*,tokencleaner",
    // Each of some forty controllers asks for a token of its own before any
    // of them begins: 5 s at the default rate.
    "kube-api-burst": "200",
    "kube-api-qps": "100",
    "root-ca-file": secret("ca.crt"),
    "service-account-private-key-file": secret("service-account.key"),
    "service-cluster-ip-range": network.serviceSubnets.join(","),
    "use-service-account-credentials": "true",
  };
}

const PARTS: Readonly<Record<Component, (input: KubernetesInput) => Part>> = {
  "kube-apiserver": (input) => {
    const { apiServer, controlPlane } = input.config.cluster;
    return {
      image: apiServer.image,
      flags: apiServerFlags(input),
      extraArgs: apiServer.extraArgs ?? {},
      port: controlPlane.localAPIServerPort,
      livePath: "/livez",
      readyPath: "/readyz",
      cpu: "200m",
      memory: "512Mi",
      writes: [KUBERNETES_PATHS.auditLog],
    };
  },
  "kube-controller-manager": (input) => {
    const { image, extraArgs = {} } = input.config.cluster.controllerManager;
    return {
      ...{ image, extraArgs },
      flags: controllerManagerFlags(input),
      ...{ port: 10257, livePath: "/healthz", readyPath: "/healthz" },
      ...{ cpu: "50m", memory: "256Mi" },
    };
  },
  "kube-scheduler": (input) => {
    const { image, extraArgs = {} } = input.config.cluster.scheduler;
    return {
      ...{ image, extraArgs },
      flags: clientFlags("kube-scheduler"),
      ...{ port: 10259, livePath: "/livez", readyPath: "/readyz" },
      ...{ cpu: "10m", memory: "64Mi" },
    };
  },
};

/** The pods in the order of {@linkcode COMPONENTS}. */
export function controlPlanePods(
  input: KubernetesInput,
  secrets: readonly SecretFile[],
): StaticPod[] {
  return COMPONENTS.map((name) =>
    staticPod({
      name,
      ...PARTS[name](input),
      secrets: secrets.filter(({ path }) =>
        path.startsWith(secretsOf(name)(""))
      ),
    })
  );
}
