/** The flags that say whose containers are meant: ours or Kubernetes'. */
import { ContainerDriver } from "#proto/common_pb.ts";

/** The same for every command about containers. */
export const NAMESPACE_FLAGS = {
  kubernetes: {
    type: "bool",
    short: "k",
    help: "containers of Kubernetes (namespace k8s.io)",
  },
  "use-cri": {
    type: "bool",
    short: "c",
    help: "ask the CRI instead of containerd",
  },
} as const;

/** What requests carry for them. */
export function namespaceOf(
  flags: { readonly kubernetes: boolean; readonly "use-cri": boolean },
): { namespace: string; driver: ContainerDriver } {
  const cri = flags["use-cri"];
  return {
    namespace: flags.kubernetes ? "k8s.io" : "system",
    driver: cri ? ContainerDriver.CRI : ContainerDriver.CONTAINERD,
  };
}
