/** What a control plane is made of, and how Kubernetes knows its nodes. */

/** The label, and the taint, of nodes that have one. */
export const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

/** Its components, in the order in which they are started and rolled. */
export const COMPONENTS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
] as const;
