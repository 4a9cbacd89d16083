/** What a machine needs of the API server to become a node. */
import type { KubeObject } from "#lib/kube/resources.ts";
import type { KubernetesInput } from "../input.ts";
import { clusterRoleBinding, secret } from "./object.ts";

/** The group of those that come with the token of the config. */
const BOOTSTRAPPERS = "system:bootstrappers:nodes";
const CSR = "system:certificates.k8s.io:certificatesigningrequests";

/** The token of the config, as the API server knows it. */
function bootstrapToken(token: string): KubeObject {
  const [id = "", word = ""] = token.split(".");
  return secret(`bootstrap-token-${id}`, {
    type: "bootstrap.kubernetes.io/token",
    data: {
      "token-id": id,
      "token-secret": word,
      "usage-bootstrap-authentication": "true",
      "auth-extra-groups": BOOTSTRAPPERS,
    },
  });
}

const ENDPOINTS = "talos-control-plane-endpoints";

/** Nodes may know where the control planes are. */
function endpointReader(): KubeObject[] {
  const metadata = { name: ENDPOINTS, namespace: "default" };
  const apiVersion = "rbac.authorization.k8s.io/v1";
  return [
    {
      ...{ apiVersion, kind: "Role", metadata },
      rules: [{
        apiGroups: ["discovery.k8s.io"],
        resources: ["endpointslices"],
        verbs: ["get", "list", "watch"],
      }],
    },
    {
      ...{ apiVersion, kind: "RoleBinding", metadata },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "Role",
        name: ENDPOINTS,
      },
      subjects: [{
        apiGroup: "rbac.authorization.k8s.io",
        kind: "Group",
        name: "system:nodes",
      }],
    },
  ];
}

/** A kubelet may ask for its certificate, and gets it without anybody. */
export function rbac({ config }: KubernetesInput): KubeObject[] {
  const { token } = config.cluster;
  return [
    ...token === undefined ? [] : [bootstrapToken(token)],
    clusterRoleBinding("system-bootstrap-node-bootstrapper", {
      role: "system:node-bootstrapper",
      subject: { kind: "Group", name: BOOTSTRAPPERS },
    }),
    clusterRoleBinding("system-bootstrap-approve-node-client-csr", {
      role: `${CSR}:nodeclient`,
      subject: { kind: "Group", name: BOOTSTRAPPERS },
    }),
    clusterRoleBinding("system-bootstrap-node-renewal", {
      role: `${CSR}:selfnodeclient`,
      subject: { kind: "Group", name: "system:nodes" },
    }),
    ...endpointReader(),
  ];
}
