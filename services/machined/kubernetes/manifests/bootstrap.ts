/** All manifests that a cluster starts with, in the order they are applied. */
import type { KubeObject } from "#lib/kube/resources.ts";
import type { PemPair } from "#lib/pki/mod.ts";
import { adminKubeconfig } from "../admin_kubeconfig.ts";
import type { KubernetesInput } from "../input.ts";
import { coreDns } from "./coredns.ts";
import { flannel } from "./flannel.ts";
import { secret } from "./object.ts";
import { kubeProxy } from "./proxy.ts";
import { rbac } from "./rbac.ts";

/** The kubeconfig of the admin, for what runs in the cluster. */
function kubeconfigSecret(input: KubernetesInput, admin: PemPair): KubeObject {
  return secret("kubeconfig-in-cluster", {
    type: "Opaque",
    data: { kubeconfig: adminKubeconfig(input.config, admin) },
  });
}

/** `admin` is a client certificate of the Kubernetes CA. */
export function bootstrapManifests(
  input: KubernetesInput,
  admin: PemPair,
): KubeObject[] {
  const { cni } = input.config.cluster.network;
  return [
    ...rbac(input),
    ...kubeProxy(input),
    ...cni.name === "flannel" ? flannel(input) : [],
    ...coreDns(input),
    kubeconfigSecret(input, admin),
  ];
}
