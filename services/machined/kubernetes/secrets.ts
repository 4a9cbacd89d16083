/**
 * The certificates, keys and settings of the control plane, as files. The PKI
 * of Kubernetes is its own: nothing here is signed by the machine CA.
 */
import { isIP } from "node:net";
import { stringify } from "@std/yaml";
import type { Clock } from "#lib/clock.ts";
import { canonicalAddress, urlHost } from "#lib/net/ip.ts";
import {
  Ca,
  generateCa,
  type PairOptions,
  type PemPair,
} from "#lib/pki/mod.ts";
import { addressIn, KUBERNETES_PATHS, type KubernetesInput } from "./input.ts";
import { localApiServer } from "./input.ts";
import { deriveKey, publicKeyOf } from "./keys.ts";
import { kubeconfig } from "./kubeconfig.ts";

/** A file that a component of the control plane reads. */
export interface SecretFile {
  readonly path: string;
  readonly text: string;
}

/** A year: machined makes new ones long before (half of it is left). */
export const CERTIFICATE_LIFE_MS = 365 * 24 * 3_600_000;

/** A config that says nothing of the control plane's secrets. */
function pairOf(name: string, pair: Partial<PemPair> | undefined): PemPair {
  const { crt, key } = pair ?? {};
  if (crt === undefined || key === undefined) {
    throw new Error(`${name} has no certificate with its key`);
  }
  return { crt, key };
}

/** Names and addresses of the API server. */
export function apiServerSubject(input: KubernetesInput) {
  const { cluster } = input.config;
  const { dnsDomain, serviceSubnets } = cluster.network;
  const all = [
    input.hostname,
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    `kubernetes.default.svc.${dnsDomain}`,
    urlHost(cluster.controlPlane.endpoint),
    ...cluster.apiServer.certSANs ?? [],
    "127.0.0.1",
    "::1",
    ...input.addresses,
    ...serviceSubnets.map((cidr) => addressIn(cidr, 1)),
  ].filter((one) => one !== "").map(canonicalAddress);
  const unique = [...new Set(all)];
  return {
    names: unique.filter((one) => !isIP(one)),
    addresses: unique.filter((one) => isIP(one)),
  };
}

/** What the API server encrypts secrets by before etcd has them. */
function encryptionConfig(secret: string | undefined): string {
  const aescbc = secret === undefined
    ? []
    : [{ aescbc: { keys: [{ name: "key1", secret }] } }];
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{
      resources: ["secrets"],
      // Without a key of the config they are plain; with one, plain ones of
      // before can still be read.
      providers: [...aescbc, { identity: {} }],
    }],
  });
}

/** Who did what, without what was in it. */
const AUDIT_POLICY = stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  rules: [{ level: "Metadata" }],
});

/** Pod Security in place of the PodSecurityPolicy of the seed era. */
const ADMISSION = stringify({
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AdmissionConfiguration",
  plugins: [{
    name: "PodSecurity",
    configuration: {
      apiVersion: "pod-security.admission.config.k8s.io/v1",
      kind: "PodSecurityConfiguration",
      defaults: {
        ...{ enforce: "baseline", "enforce-version": "latest" },
        ...{ audit: "restricted", "audit-version": "latest" },
        ...{ warn: "restricted", "warn-version": "latest" },
      },
      exemptions: {
        namespaces: ["kube-system"],
        runtimeClasses: [],
        usernames: [],
      },
    },
  }],
});

/** Nobody is anonymous, but for the probes. */
const AUTHENTICATION = stringify({
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AuthenticationConfiguration",
  anonymous: {
    enabled: true,
    conditions: ["/livez", "/readyz", "/healthz"].map((path) => ({ path })),
  },
});

interface Issuers {
  readonly kubernetes: Ca;
  readonly etcd: Ca;
  readonly aggregator: Ca;
}

function issue(ca: Ca, clock: Pick<Clock, "now">, options: PairOptions) {
  return ca.issuePair({
    algorithm: "ECDSA-P256",
    validityMs: CERTIFICATE_LIFE_MS,
    clock,
    ...options,
  });
}

/** Files of one component below its own directory. */
function below(component: string, files: Readonly<Record<string, string>>) {
  return Object.entries(files).map(([name, text]) => ({
    path: `${KUBERNETES_PATHS.secrets}/${component}/${name}`,
    text,
  }));
}

async function apiServerFiles(
  input: KubernetesInput,
  issuers: Issuers,
  clock: Pick<Clock, "now">,
): Promise<SecretFile[]> {
  const { cluster } = input.config;
  const [server, kubelet, etcd, proxy] = await Promise.all([
    issue(issuers.kubernetes, clock, {
      commonName: "kube-apiserver",
      ...apiServerSubject(input),
      usages: ["server"],
    }),
    issue(issuers.kubernetes, clock, {
      commonName: "apiserver-kubelet-client",
      organizations: ["system:masters"],
      usages: ["client"],
    }),
    issue(issuers.etcd, clock, {
      commonName: "kube-apiserver",
      usages: ["client"],
    }),
    issue(issuers.aggregator, clock, {
      commonName: "front-proxy-client",
      usages: ["client"],
    }),
  ]);
  const account = serviceAccountKey(input);
  return below("kube-apiserver", {
    "ca.crt": issuers.kubernetes.crt,
    "apiserver.crt": server.crt,
    "apiserver.key": server.key,
    "apiserver-kubelet-client.crt": kubelet.crt,
    "apiserver-kubelet-client.key": kubelet.key,
    "etcd-client-ca.crt": issuers.etcd.crt,
    "etcd-client.crt": etcd.crt,
    "etcd-client.key": etcd.key,
    "aggregator-ca.crt": issuers.aggregator.crt,
    "front-proxy-client.crt": proxy.crt,
    "front-proxy-client.key": proxy.key,
    "service-account.key": account,
    "service-account.pub": publicKeyOf(account),
    "encryptionconfig.yaml": encryptionConfig(cluster.aescbcEncryptionSecret),
    "auditpolicy.yaml": AUDIT_POLICY,
    "admission.yaml": ADMISSION,
    "authentication.yaml": AUTHENTICATION,
  });
}

/** Signs the tokens of pods; the same on every control plane. */
function serviceAccountKey({ config }: KubernetesInput): string {
  return deriveKey(
    pairOf("cluster.ca", config.cluster.ca).key,
    "service-account",
  );
}

/** A component that calls the API server of this node. */
async function clientFiles(
  component: string,
  input: KubernetesInput,
  { kubernetes, clock }: { kubernetes: Ca; clock: Pick<Clock, "now"> },
): Promise<SecretFile[]> {
  const pair = await issue(kubernetes, clock, {
    commonName: `system:${component}`,
    usages: ["client"],
  });
  const at = (name: string) =>
    `${KUBERNETES_PATHS.secrets}/${component}/${name}`;
  return below(component, {
    "ca.crt": kubernetes.crt,
    "client.crt": pair.crt,
    "client.key": pair.key,
    "kubeconfig": kubeconfig({
      server: localApiServer(input),
      ca: { file: at("ca.crt") },
      user: { certFile: at("client.crt"), keyFile: at("client.key") },
      clusterName: input.config.cluster.clusterName ?? "kubernetes",
      userName: `system:${component}`,
    }),
  });
}

/**
 * Everything that the components read, with new certificates.
 *
 * @throws when the config is not that of a control plane.
 */
export async function controlPlaneSecrets(
  input: KubernetesInput,
  clock: Pick<Clock, "now">,
): Promise<SecretFile[]> {
  const { cluster } = input.config;
  const ca = pairOf("cluster.ca", cluster.ca);
  const kubernetes = await Ca.load(ca);
  const etcd = await Ca.load(pairOf("cluster.etcd.ca", cluster.etcd.ca));
  const aggregator = await Ca.load(
    await generateCa({
      kind: "aggregator",
      key: deriveKey(ca.key, "aggregator-ca"),
      clock,
    }),
  );
  const issuers = { kubernetes, etcd, aggregator };
  const files = await Promise.all([
    apiServerFiles(input, issuers, clock),
    clientFiles("kube-controller-manager", input, { kubernetes, clock }),
    clientFiles("kube-scheduler", input, { kubernetes, clock }),
  ]);
  return [
    ...files.flat(),
    ...below("kube-controller-manager", {
      "ca.key": ca.key,
      "service-account.key": serviceAccountKey(input),
    }),
  ];
}
