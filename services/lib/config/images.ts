/**
 * The default reference of every image that a node may pull, and the versions
 * that this release was made for. A mirror (`machine.registries.mirrors`)
 * serves the same names.
 */

import { VERSION } from "../version.ts";

/** What this release runs. */
export const VERSIONS = {
  talos: VERSION.tag,
  kubernetes: "v1.37.2",
  etcd: "3.7.3-0",
  coredns: "v1.15.0",
  flannel: "v0.28.10",
  pause: "3.10.2",
} as const;

/** Repositories, and the version that tags them. */
const REPOSITORIES = {
  kubelet: ["ghcr.io/siderolabs/kubelet", "kubernetes"],
  kubeAPIServer: ["registry.k8s.io/kube-apiserver", "kubernetes"],
  kubeControllerManager: [
    "registry.k8s.io/kube-controller-manager",
    "kubernetes",
  ],
  kubeScheduler: ["registry.k8s.io/kube-scheduler", "kubernetes"],
  kubeProxy: ["registry.k8s.io/kube-proxy", "kubernetes"],
  etcd: ["registry.k8s.io/etcd", "etcd"],
  coreDNS: ["registry.k8s.io/coredns/coredns", "coredns"],
  flannel: ["ghcr.io/flannel-io/flannel", "flannel"],
  pause: ["registry.k8s.io/pause", "pause"],
  installer: ["ghcr.io/talos-systems/installer", "talos"],
} as const satisfies Record<
  string,
  readonly [string, keyof typeof VERSIONS]
>;

/** The name of an image in this table. */
export type ImageName = keyof typeof REPOSITORIES;

/** All names, in the order in which `talosctl images` prints them. */
export const IMAGE_NAMES = Object.keys(REPOSITORIES) as ImageName[];

/** `1.37.2` and `v1.37.2` are the same version. */
export function versionTag(version: string): string {
  return version.startsWith("v") ? version : `v${version}`;
}

/** The reference of an image, of another version where one is given. */
export function imageRef(
  name: ImageName,
  versions: Partial<Record<keyof typeof VERSIONS, string>> = {},
): string {
  const [repository, part] = REPOSITORIES[name];
  return `${repository}:${versions[part] ?? VERSIONS[part]}`;
}

/** `registry:5000/name` and `v1.37.2` of `registry:5000/name:v1.37.2@sha256:…`. */
function parts(image: string): { repository: string; tag: string } {
  const [name = ""] = image.split("@");
  const colon = name.lastIndexOf(":");
  // A colon before a slash is that of a port.
  if (colon < name.lastIndexOf("/")) return { repository: name, tag: "" };
  return {
    repository: colon < 0 ? name : name.slice(0, colon),
    tag: colon < 0 ? "" : name.slice(colon + 1),
  };
}

/** The tag of a reference; empty: it has none. */
export function tagOf(image: string): string {
  return parts(image).tag;
}

/** The same repository at another tag; a digest would be the old one's. */
export function retagged(image: string, tag: string): string {
  return `${parts(image).repository}:${tag}`;
}
