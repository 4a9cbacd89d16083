/**
 * What the container images are made of, at pinned versions: Kubernetes and
 * what it needs beside it, and the registry that serves them to local
 * clusters. A node's own root has none of this.
 */
import { VERSIONS } from "#lib/config/images.ts";
import type { Recipe } from "./cache.ts";
import { debian } from "./deb.ts";
import {
  IPTABLES_PACKAGES,
  MOUNT_PACKAGES,
  REGISTRY_PACKAGES,
} from "./debian_packages.ts";
import { goPrograms } from "./go.ts";
import { pauseProgram } from "./pause.ts";

/** A release of Kubernetes, and what pins its modules. */
interface Release {
  readonly folder: string;
  readonly version: string;
  /** When it was tagged, as the module proxy says. */
  readonly tagged: string;
  /** Behind the names of its parts. */
  readonly suffix?: string;
}

const CURRENT: Release = {
  folder: "kubernetes",
  version: VERSIONS.kubernetes,
  tagged: "2026-10-27T12:01:04Z",
};

/** From which the tests upgrade to the current one. */
export const PREVIOUS_KUBERNETES = "v1.37.1";

const PREVIOUS: Release = {
  folder: "kubernetes_previous",
  version: PREVIOUS_KUBERNETES,
  tagged: "2026-09-23T17:06:22Z",
  suffix: "-previous",
};

function kubernetesValues(release: Release): Record<string, string> {
  const [major, minor] = release.version.slice(1).split(".");
  const values: Record<string, string> = {};
  for (
    const at of [
      "k8s.io/component-base/version",
      "k8s.io/client-go/pkg/version",
    ]
  ) {
    values[`${at}.gitVersion`] = release.version;
    values[`${at}.gitMajor`] = major!;
    values[`${at}.gitMinor`] = minor!;
    values[`${at}.gitTreeState`] = "clean";
    values[`${at}.buildDate`] = release.tagged;
    // A module does not know its commit; without this the text would be the
    // placeholder of git archive.
    values[`${at}.gitCommit`] = "";
  }
  return values;
}

/** One program of Kubernetes, with the tags of upstream's own builds. */
async function kubernetes(
  program: string,
  release: Release = CURRENT,
): Promise<Recipe> {
  return await goPrograms({
    name: `${program}${release.suffix ?? ""}`,
    folder: release.folder,
    version: release.version,
    packages: [`k8s.io/kubernetes/cmd/${program}`],
    tags: ["selinux", "notest", "grpcnotrace"],
    values: kubernetesValues(release),
  });
}

/** What Kubernetes' own tests run in a cluster, and ours. */
const agnhost = await goPrograms({
  folder: "agnhost",
  version: VERSIONS.kubernetes,
  packages: ["k8s.io/kubernetes/test/images/agnhost"],
  tags: [],
  values: {},
});

/** The image has a revision of its own behind the version. */
const ETCD_VERSION = `v${VERSIONS.etcd.replace(/-\d+$/, "")}`;

const etcd = await goPrograms({
  folder: "etcd",
  version: ETCD_VERSION,
  packages: [
    "go.etcd.io/etcd/server/v3",
    "go.etcd.io/etcd/etcdctl/v3",
    "go.etcd.io/etcd/etcdutl/v3",
  ],
  tags: [],
  values: {},
  renamed: { server: "etcd" },
});

const coredns = await goPrograms({
  folder: "coredns",
  version: VERSIONS.coredns,
  packages: ["github.com/coredns/coredns"],
  tags: [],
  values: {},
});

// Its udp backend is partly C; cgo as upstream's own builds have it.
const flannel = await goPrograms({
  folder: "flannel",
  version: VERSIONS.flannel,
  packages: ["github.com/flannel-io/flannel"],
  tags: ["netgo", "osusergo"],
  values: {
    "github.com/flannel-io/flannel/pkg/version.Version": VERSIONS.flannel,
  },
  cgo: true,
  renamed: { flannel: "flanneld" },
});

/** The parts by name; the kubelet first, the rest shares what it compiles. */
export const CLUSTER_PARTS = {
  kubelet: await kubernetes("kubelet"),
  "kube-apiserver": await kubernetes("kube-apiserver"),
  "kube-controller-manager": await kubernetes("kube-controller-manager"),
  "kube-scheduler": await kubernetes("kube-scheduler"),
  "kube-proxy": await kubernetes("kube-proxy"),
  kubectl: await kubernetes("kubectl"),
  agnhost,
  etcd,
  coredns,
  flannel,
  pause: await pauseProgram(),
  iptables: debian("iptables", IPTABLES_PACKAGES),
  mount: debian("mount", MOUNT_PACKAGES),
  registry: debian("registry", REGISTRY_PACKAGES),
} as const satisfies Record<string, Recipe>;

/** The name of a part of the container images. */
export type ClusterPartName = keyof typeof CLUSTER_PARTS;

/** The control plane of the previous release: made only when asked for. */
export const PREVIOUS_PARTS = {
  "kube-apiserver-previous": await kubernetes("kube-apiserver", PREVIOUS),
  "kube-controller-manager-previous": await kubernetes(
    "kube-controller-manager",
    PREVIOUS,
  ),
  "kube-scheduler-previous": await kubernetes("kube-scheduler", PREVIOUS),
  "kube-proxy-previous": await kubernetes("kube-proxy", PREVIOUS),
} as const satisfies Record<string, Recipe>;

/** The name of a part of the previous release. */
export type PreviousPartName = keyof typeof PREVIOUS_PARTS;
