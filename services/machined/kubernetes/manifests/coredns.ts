/** CoreDNS: the names of services. */
import { CONTROL_PLANE } from "#lib/kube/control_plane.ts";
import type { KubeObject } from "#lib/kube/resources.ts";
import { addressIn, type KubernetesInput } from "../input.ts";
import {
  clusterRole,
  clusterRoleBinding,
  configMap,
  serviceAccount,
  workload,
} from "./object.ts";

const NAME = "coredns";
/** The label by which the seed era and its tools find it. */
const APP = "kube-dns";

function corefile(domain: string): string {
  return `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    log . {
        class error
    }
    prometheus :9153
    kubernetes ${domain} in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`;
}

const PORTS = [
  { name: "dns", protocol: "UDP", port: 53 },
  { name: "dns-tcp", protocol: "TCP", port: 53 },
  { name: "metrics", protocol: "TCP", port: 9153 },
];

function service(addresses: readonly string[]): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: APP,
      namespace: "kube-system",
      labels: {
        "k8s-app": APP,
        "kubernetes.io/cluster-service": "true",
        "kubernetes.io/name": "CoreDNS",
      },
    },
    spec: {
      clusterIP: addresses[0],
      clusterIPs: addresses,
      ipFamilyPolicy: addresses.length > 1 ? "RequireDualStack" : "SingleStack",
      selector: { "k8s-app": APP },
      ports: PORTS.map((port) => ({ ...port, targetPort: port.port })),
    },
  };
}

function container(image: string) {
  const probe = (path: string, port: number) => ({
    httpGet: { path, port, scheme: "HTTP" },
    timeoutSeconds: 5,
    periodSeconds: 10,
  });
  return {
    name: NAME,
    image,
    args: ["-conf", "/etc/coredns/Corefile"],
    resources: {
      limits: { memory: "170Mi" },
      requests: { cpu: "100m", memory: "70Mi" },
    },
    ports: PORTS.map(({ name, protocol, port }) => ({
      name,
      protocol,
      containerPort: port,
    })),
    livenessProbe: {
      ...probe("/health", 8080),
      initialDelaySeconds: 60,
      failureThreshold: 5,
    },
    readinessProbe: { ...probe("/ready", 8181), periodSeconds: 1 },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [{
      name: "config",
      mountPath: "/etc/coredns",
      readOnly: true,
    }],
  };
}

function deployment(image: string): KubeObject {
  return workload("Deployment", {
    name: NAME,
    app: APP,
    spec: {
      replicas: 2,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
    },
    pod: {
      priorityClassName: "system-cluster-critical",
      serviceAccountName: NAME,
      // Of the node, not of the cluster: it is the one that answers for it.
      dnsPolicy: "Default",
      tolerations: [{
        key: CONTROL_PLANE,
        operator: "Exists",
        effect: "NoSchedule",
      }],
      nodeSelector: { "kubernetes.io/os": "linux" },
      // One on each node before two on one.
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{
            weight: 100,
            podAffinityTerm: {
              labelSelector: { matchLabels: { "k8s-app": APP } },
              topologyKey: "kubernetes.io/hostname",
            },
          }],
        },
      },
      containers: [container(image)],
      volumes: [{
        name: "config",
        configMap: {
          name: NAME,
          items: [{ key: "Corefile", path: "Corefile" }],
        },
      }],
    },
  });
}

/** With its service at the tenth address of each range. */
export function coreDns({ config }: KubernetesInput): KubeObject[] {
  const { network, coreDNS } = config.cluster;
  return [
    serviceAccount(NAME),
    clusterRole("system:coredns", [
      {
        apiGroups: [""],
        resources: ["endpoints", "services", "pods", "namespaces"],
        verbs: ["list", "watch"],
      },
      {
        apiGroups: ["discovery.k8s.io"],
        resources: ["endpointslices"],
        verbs: ["list", "watch"],
      },
    ]),
    clusterRoleBinding("system:coredns", {
      role: "system:coredns",
      subject: { kind: "ServiceAccount", name: NAME },
    }),
    configMap(NAME, { Corefile: corefile(network.dnsDomain) }),
    deployment(coreDNS.image),
    service(network.serviceSubnets.map((cidr) => addressIn(cidr, 10))),
  ];
}
