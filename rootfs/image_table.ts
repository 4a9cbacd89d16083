/**
 * The container images that we build, as a list: what is in each, and how it
 * is started. Names and tags are those of services/lib/config/images.ts, so
 * that a node finds upstream's image under the same name; paths of programs
 * are upstream's too.
 */
import { type ImageName, imageRef } from "#lib/config/images.ts";
import {
  type ClusterPartName,
  PREVIOUS_KUBERNETES,
  type PreviousPartName,
} from "./components/cluster_parts.ts";
import type { PartName } from "./components/parts.ts";
import { dir, type Entry, program, text } from "./entries.ts";
import { CERTIFICATES, GLIBC, IPTABLES, MOUNT, NFT } from "./pieces.ts";

/** Parts of the node, of the images and of the previous ones alike. */
export type ImagePartName = PartName | ClusterPartName | PreviousPartName;

/** One layer; images that list the same one share it. */
export interface LayerList {
  readonly name: string;
  readonly entries: readonly Entry<ImagePartName>[];
}

/** One image. */
export interface ImageList {
  readonly reference: string;
  /** Bottom first. */
  readonly layers: readonly LayerList[];
  readonly entrypoint: readonly string[];
  /** `uid:gid`; root when absent. */
  readonly user?: string;
}

const PASSWD = `root:x:0:0:root:/:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
`;

/** What a static program expects to find. */
const base: LayerList = {
  name: "base",
  entries: [
    dir("/etc"),
    text("/etc/passwd", PASSWD),
    text("/etc/group", "root:x:0:\nnobody:x:65534:\n"),
    text("/etc/nsswitch.conf", "hosts: files dns\n"),
    ...CERTIFICATES,
    dir("/tmp", 0o1777),
  ],
};

/** Programs of Debian and what they are linked to. */
function tools(
  name: string,
  entries: readonly Entry<ImagePartName>[],
): LayerList {
  return { name, entries: [dir("/bin"), ...GLIBC, ...entries] };
}

const nft = tools("nft", NFT);

/** `/usr/local/bin` with programs of one part. */
function local(part: ImagePartName, programs: readonly string[]): LayerList {
  const top = [dir("/usr"), dir("/usr/local"), dir("/usr/local/bin")];
  const entries = programs.map((name) =>
    program(`/usr/local/bin/${name}`, part, name)
  );
  return { name: part, entries: [...top, ...entries] };
}

/** An image of one program of Kubernetes. */
function kubernetes(
  image: ImageName,
  part: ClusterPartName,
  ...beneath: LayerList[]
): ImageList {
  return {
    reference: imageRef(image),
    layers: [base, ...beneath, local(part, [part])],
    entrypoint: [`/usr/local/bin/${part}`],
  };
}

/** For tests only: a server and a client of everything. */
export const AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.66.1";

/** All images, the ones that a node needs first at the top. */
export const IMAGES: readonly ImageList[] = [
  {
    reference: imageRef("pause"),
    layers: [{
      name: "pause",
      entries: [program("/pause", "pause", "pause")],
    }],
    entrypoint: ["/pause"],
    user: "65535:65535",
  },
  kubernetes("kubelet", "kubelet", tools("mount", MOUNT)),
  {
    reference: imageRef("etcd"),
    layers: [base, local("etcd", ["etcd", "etcdctl", "etcdutl"])],
    entrypoint: ["/usr/local/bin/etcd"],
  },
  kubernetes("kubeAPIServer", "kube-apiserver"),
  kubernetes("kubeControllerManager", "kube-controller-manager"),
  kubernetes("kubeScheduler", "kube-scheduler"),
  kubernetes("kubeProxy", "kube-proxy", nft),
  {
    reference: imageRef("flannel"),
    layers: [base, nft, {
      name: "flannel",
      entries: [
        dir("/bin"),
        // It wants to clean up after itself, had it run on iptables before,
        // and does not start where that cannot be.
        ...IPTABLES,
        dir("/opt"),
        dir("/opt/bin"),
        program("/opt/bin/flanneld", "flannel", "flanneld"),
      ],
    }],
    entrypoint: ["/opt/bin/flanneld"],
  },
  {
    reference: imageRef("coreDNS"),
    layers: [base, {
      name: "coredns",
      entries: [program("/coredns", "coredns", "coredns")],
    }],
    entrypoint: ["/coredns"],
  },
  {
    reference: AGNHOST,
    layers: [base, {
      name: "agnhost",
      entries: [program("/agnhost", "agnhost", "agnhost")],
    }],
    entrypoint: ["/agnhost"],
  },
];

/** An image of one program of the previous release, as upstream tags it. */
function previous(
  image: ImageName,
  program: string,
  ...beneath: LayerList[]
): ImageList {
  const part = `${program}-previous` as PreviousPartName;
  return {
    reference: imageRef(image, { kubernetes: PREVIOUS_KUBERNETES }),
    layers: [base, ...beneath, local(part, [program])],
    entrypoint: [`/usr/local/bin/${program}`],
  };
}

/** From which the tests upgrade: made only when asked for. */
export const PREVIOUS_IMAGES: readonly ImageList[] = [
  previous("kubeAPIServer", "kube-apiserver"),
  previous("kubeControllerManager", "kube-controller-manager"),
  previous("kubeScheduler", "kube-scheduler"),
  previous("kubeProxy", "kube-proxy", nft),
];
