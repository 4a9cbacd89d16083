/**
 * flannel: the network of the pods, a VXLAN between the nodes. flanneld makes
 * it and writes its share of it to /run/flannel/subnet.env; machined makes the
 * CNI configuration of that (cni.ts), with the plugins of the CNI project.
 */
import type { KubeObject } from "#lib/kube/resources.ts";
import { urlHost } from "#lib/net/ip.ts";
import { imageRef } from "#lib/config/mod.ts";
import type { KubernetesInput } from "../input.ts";
import {
  clusterRole,
  clusterRoleBinding,
  configMap,
  EVERYWHERE,
  serviceAccount,
  workload,
} from "./object.ts";

const NAME = "kube-flannel";
const ACCOUNT = "flannel";

function netConf({ config }: KubernetesInput): string {
  const { podSubnets } = config.cluster.network;
  const v4 = podSubnets.find((cidr) => !cidr.includes(":"));
  const v6 = podSubnets.find((cidr) => cidr.includes(":"));
  return JSON.stringify({
    ...v4 === undefined ? { EnableIPv4: false } : { Network: v4 },
    ...v6 === undefined ? {} : { EnableIPv6: true, IPv6Network: v6 },
    // There is no iptables, on the node or in the image.
    EnableNFTables: true,
    Backend: { Type: "vxlan", Port: 4789 },
  });
}

/** `endpoint` is for it too: kube-proxy may make the service's address later. */
function podOf(endpoint: string) {
  return {
    hostNetwork: true,
    priorityClassName: "system-node-critical",
    serviceAccountName: ACCOUNT,
    tolerations: EVERYWHERE,
    containers: [{
      name: NAME,
      image: imageRef("flannel"),
      command: ["/opt/bin/flanneld"],
      args: ["--ip-masq", "--kube-subnet-mgr"],
      resources: { requests: { cpu: "100m", memory: "50Mi" } },
      securityContext: {
        privileged: false,
        capabilities: { add: ["NET_ADMIN", "NET_RAW"] },
      },
      env: [
        {
          name: "POD_NAME",
          valueFrom: { fieldRef: { fieldPath: "metadata.name" } },
        },
        {
          name: "POD_NAMESPACE",
          valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } },
        },
        { name: "EVENT_QUEUE_DEPTH", value: "5000" },
        ...endpointEnv(endpoint),
      ],
      volumeMounts: [
        { name: "run", mountPath: "/run/flannel" },
        { name: "config", mountPath: "/etc/kube-flannel" },
      ],
    }],
    volumes: [
      {
        name: "run",
        hostPath: { path: "/run/flannel", type: "DirectoryOrCreate" },
      },
      { name: "config", configMap: { name: NAME } },
    ],
  };
}

function endpointEnv(endpoint: string) {
  const url = new URL(endpoint);
  return [
    { name: "KUBERNETES_SERVICE_HOST", value: urlHost(endpoint) },
    { name: "KUBERNETES_SERVICE_PORT", value: url.port || "443" },
  ];
}

/** With its configuration and the rights that it needs. */
export function flannel(input: KubernetesInput): KubeObject[] {
  const { endpoint } = input.config.cluster.controlPlane;
  return [
    serviceAccount(ACCOUNT),
    clusterRole(ACCOUNT, [
      { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
      {
        apiGroups: [""],
        resources: ["nodes"],
        verbs: ["get", "list", "watch"],
      },
      { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
    ]),
    clusterRoleBinding(ACCOUNT, {
      role: ACCOUNT,
      subject: { kind: "ServiceAccount", name: ACCOUNT },
    }),
    configMap(NAME, { "net-conf.json": netConf(input) }),
    workload("DaemonSet", {
      name: NAME,
      spec: {},
      pod: podOf(endpoint),
    }),
  ];
}
