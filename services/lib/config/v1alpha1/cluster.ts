/** The keys below `cluster`. */
import { type ImageName, imageRef } from "../images.ts";
import { bool, int, list, map, object, oneOf, string } from "../schema.ts";
import { identity } from "./machine.ts";

const image = (doc: string, name: ImageName) =>
  string({ doc, format: "image", default: imageRef(name) });

const flags = (doc: string, example: Readonly<Record<string, string>>) =>
  map(string({}), { doc, keyFormat: "flag", example });

const controlPlane = object({
  endpoint: string({
    doc: "The URL of the Kubernetes API, the same for every machine.",
    format: "url",
    example: "https://1.2.3.4:6443",
    required: true,
  }),
  localAPIServerPort: int({
    doc: "The port of the API server on the machine itself.",
    min: 1,
    max: 65535,
    default: 6443,
  }),
}, { doc: "The control plane.", required: true });

const network = object({
  cni: object({
    name: string({
      doc: "The CNI: flannel, or custom with urls.",
      default: "flannel",
    }),
    urls: list(string({ format: "url" }), {
      doc: "Manifests of a custom CNI.",
      example: ["https://docs.projectcalico.org/manifests/canal.yaml"],
    }),
  }, { doc: "The network of the pods.", always: true }),
  dnsDomain: string({
    doc: "The DNS domain of the cluster.",
    format: "dns",
    default: "cluster.local",
  }),
  podSubnets: list(string({ format: "cidr" }), {
    doc: "The addresses of pods.",
    default: ["10.244.0.0/16"],
  }),
  serviceSubnets: list(string({ format: "cidr" }), {
    doc: "The addresses of services.",
    default: ["10.96.0.0/12"],
  }),
}, { doc: "The network of the cluster.", always: true });

const etcd = object({
  image: image("The image of etcd.", "etcd"),
  ca: identity("The CA of etcd; required on the control plane."),
  extraArgs: flags("More flags of etcd, without leading dashes.", {
    "quota-backend-bytes": "4294967296",
  }),
}, { doc: "The database of the cluster, etcd.", always: true });

export const cluster = object({
  controlPlane,
  clusterName: string({ doc: "The name of the cluster.", example: "talos" }),
  network,
  token: string({
    doc: "The token with which kubelets join the cluster.",
    format: "token",
    secret: true,
  }),
  aescbcEncryptionSecret: string({
    doc: "The key of secrets at rest in etcd: 32 bytes in base64.",
    format: "aesKey",
    secret: true,
  }),
  ca: identity("The CA of Kubernetes; workers have no key."),
  apiServer: object({
    image: image("The image of the API server.", "kubeAPIServer"),
    extraArgs: flags("More flags of the API server.", {
      "feature-gates": "ServerSideApply=true",
    }),
    certSANs: list(string({ format: "san" }), {
      doc: "More names and addresses of its certificate.",
      example: ["1.2.3.4", "4.5.6.7"],
    }),
  }, { doc: "The API server.", always: true }),
  controllerManager: object({
    image: image(
      "The image of the controller manager.",
      "kubeControllerManager",
    ),
    extraArgs: flags("More flags of the controller manager.", {
      "feature-gates": "ServerSideApply=true",
    }),
  }, { doc: "The controller manager.", always: true }),
  proxy: object({
    image: image("The image of kube-proxy.", "kubeProxy"),
    mode: oneOf(["iptables", "ipvs", "nftables"], {
      doc: "How kube-proxy routes; nftables needs no iptables.",
      default: "nftables",
    }),
    extraArgs: flags("More flags of kube-proxy.", { "proxy-mode": "nftables" }),
  }, { doc: "The proxy of services, kube-proxy.", always: true }),
  scheduler: object({
    image: image("The image of the scheduler.", "kubeScheduler"),
    extraArgs: flags("More flags of the scheduler.", {
      "feature-gates": "AllBeta=true",
    }),
  }, { doc: "The scheduler.", always: true }),
  etcd,
  podCheckpointer: object({
    image: string({ doc: "Its image.", format: "image" }),
  }, { doc: "Accepted for the seed era's sake; there is none." }),
  coreDNS: object({
    image: image("The image of CoreDNS.", "coreDNS"),
  }, { doc: "CoreDNS.", always: true }),
  extraManifests: list(string({ format: "url" }), {
    doc: "More manifests, fetched once the cluster is up.",
    example: ["https://www.example.com/manifest1.yaml"],
  }),
  extraManifestHeaders: map(string({ secret: true }), {
    doc: "HTTP headers of those requests.",
    example: { Token: "1234567" },
  }),
  adminKubeconfig: object({
    certLifetime: string({
      doc: "How long the certificate of `talosctl kubeconfig` lives.",
      format: "duration",
      default: "8760h",
    }),
  }, { doc: "The admin kubeconfig.", always: true }),
  allowSchedulingOnMasters: bool({
    doc: "Whether pods of users may run on the control plane.",
    default: false,
  }),
}, { doc: "The cluster.", required: true });
