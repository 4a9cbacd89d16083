/** kube-proxy: the addresses of services, on every node. */
import { stringify } from "@std/yaml";
import type { KubeObject } from "#lib/kube/resources.ts";
import type { KubernetesInput } from "../input.ts";
import {
  clusterRoleBinding,
  configMap,
  EVERYWHERE,
  serviceAccount,
  workload,
} from "./object.ts";

const NAME = "kube-proxy";
const CONFIG_DIR = "/var/lib/kube-proxy";
const ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

/** It finds the API server by the endpoint: services are what it makes. */
function kubeconfig(endpoint: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: "default",
      cluster: {
        server: endpoint,
        "certificate-authority": `${ACCOUNT_DIR}/ca.crt`,
      },
    }],
    users: [{ name: "default", user: { tokenFile: `${ACCOUNT_DIR}/token` } }],
    contexts: [{
      name: "default",
      context: { cluster: "default", user: "default" },
    }],
    "current-context": "default",
  });
}

function configuration({ config }: KubernetesInput): string {
  return stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: `${CONFIG_DIR}/kubeconfig` },
    clusterCIDR: config.cluster.network.podSubnets.join(","),
    // The table is the machine's: whoever boots it sets its size.
    conntrack: { maxPerCore: 0, min: 0 },
    mode: config.cluster.proxy.mode,
  });
}

/** With its configuration and the right to look. */
export function kubeProxy(input: KubernetesInput): KubeObject[] {
  const { proxy, controlPlane } = input.config.cluster;
  const flags = Object.entries(proxy.extraArgs ?? {})
    .map(([flag, value]) => `--${flag}=${value}`);
  return [
    serviceAccount(NAME),
    clusterRoleBinding(NAME, {
      role: "system:node-proxier",
      subject: { kind: "ServiceAccount", name: NAME },
    }),
    configMap(NAME, {
      "config.yaml": configuration(input),
      "kubeconfig": kubeconfig(controlPlane.endpoint),
    }),
    workload("DaemonSet", {
      name: NAME,
      spec: {
        updateStrategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxUnavailable: 1 },
        },
      },
      pod: {
        hostNetwork: true,
        priorityClassName: "system-node-critical",
        serviceAccountName: NAME,
        tolerations: EVERYWHERE,
        containers: [{
          name: NAME,
          image: proxy.image,
          command: [
            "/usr/local/bin/kube-proxy",
            `--config=${CONFIG_DIR}/config.yaml`,
            "--hostname-override=$(NODE_NAME)",
            ...flags,
          ],
          env: [{
            name: "NODE_NAME",
            valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } },
          }],
          securityContext: { privileged: true },
          volumeMounts: [{ name: "config", mountPath: CONFIG_DIR }],
        }],
        volumes: [{ name: "config", configMap: { name: NAME } }],
      },
    }),
  ];
}
