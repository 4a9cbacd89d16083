/**
 * Configs of a new cluster: one of each machine type, and the talosconfig of
 * its admin. Pure, given the secrets.
 */
import { AgentError } from "../errors.ts";
import { toBase64 } from "../pki/pem.ts";
import { isDnsName, isIP, parseHostPort, parseUrl } from "./formats.ts";
import { type ImageName, imageRef, VERSIONS, versionTag } from "./images.ts";
import { quote } from "./problem.ts";
import { encode } from "./save.ts";
import type { Secrets } from "./secrets.ts";
import { encodeTalosconfig, type Talosconfig } from "./talosconfig.ts";
import type { MachineConfig, MachineType } from "./v1alpha1/types.ts";

type Network = NonNullable<NonNullable<MachineConfig["machine"]>["network"]>;

/** What `talosctl gen config` and the API ask for. */
export interface GenerateInput {
  readonly clusterName: string;
  /** `https://host:6443` */
  readonly endpoint: string;
  /** With or without the v; this release's own when absent. */
  readonly kubernetesVersion?: string;
  readonly installDisk?: string;
  readonly installImage?: string;
  /** More names and addresses for the certificates of the APIs. */
  readonly additionalSans?: readonly string[];
  /** Endpoints by the host of a registry. */
  readonly registryMirrors?: Readonly<Record<string, readonly string[]>>;
  readonly dnsDomain?: string;
  /** True when absent. */
  readonly persist?: boolean;
  readonly debug?: boolean;
  /** IPv6 ranges for pods and services. */
  readonly ipv6?: boolean;
  readonly cni?: { readonly name: string; readonly urls?: readonly string[] };
  readonly network?: Network;
  readonly allowSchedulingOnMasters?: boolean;
  /** Endpoints of the talosconfig; 127.0.0.1 when absent. */
  readonly endpoints?: readonly string[];
}

/** An input that gives no config; the message says what to try. */
export class GenerateError extends AgentError<{
  readonly kind: "invalid-argument";
}> {
  override name = "GenerateError";

  constructor(message: string) {
    super({ kind: "invalid-argument" }, message);
  }
}

/** What is wrong with an endpoint, and what was probably meant. */
export function endpointProblem(endpoint: string): string | undefined {
  const url = parseUrl(endpoint);
  if (url?.scheme === "https") {
    return /^\/?$/.test(url.path)
      ? undefined
      : `${quote(endpoint)} has a path; the endpoint is only https://HOST:PORT`;
  }
  const rest = endpoint.replace(/^\w*:\/*/, "").replace(/\/.*$/, "");
  const bare = isIP(endpoint) && endpoint.includes(":")
    ? { host: endpoint }
    : parseHostPort(rest) ?? parseHostPort(endpoint);
  const host = bare?.host.includes(":") ? `[${bare.host}]` : bare?.host;
  const hint = host ? `; try: "https://${host}:${bare?.port ?? 6443}"` : "";
  return `${quote(endpoint)} is not an https URL${hint}`;
}

/** Reads `HOST=URL`, as `--registry-mirror` has it, for several. */
export function parseRegistryMirrors(
  texts: readonly string[],
): Record<string, string[]> {
  const mirrors: Record<string, string[]> = {};
  for (const text of texts) {
    const [, host, url] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    const isHost = host === "*" ||
      host !== undefined && parseHostPort(host) !== undefined;
    if (!isHost || url === undefined || parseUrl(url) === undefined) {
      throw new GenerateError(
        `Cannot read registry mirror ${quote(text)}: expected HOST=URL`,
      );
    }
    (mirrors[host] ??= []).push(url);
  }
  return mirrors;
}

function checkInput(input: GenerateInput): void {
  const problem = endpointProblem(input.endpoint);
  if (problem !== undefined) {
    throw new GenerateError(`Cannot use the cluster endpoint: ${problem}`);
  }
  if (input.clusterName.trim() === "") {
    throw new GenerateError("Cannot use the cluster name: it is empty");
  }
  const { kubernetesVersion: version } = input;
  if (version && !/^v?\d+\.\d+\.\d+([-+.].*)?$/.test(version)) {
    throw new GenerateError(
      `Cannot use the Kubernetes version ${quote(version)}: expected ${
        quote(VERSIONS.kubernetes)
      } or another of that form`,
    );
  }
  const { dnsDomain } = input;
  if (dnsDomain !== undefined && !isDnsName(dnsDomain)) {
    throw new GenerateError(
      `Cannot use the DNS domain ${quote(dnsDomain)}: no DNS name`,
    );
  }
}

/** Several lists of one thing; empty ones are left out. */
function listOf(name: string, items: readonly string[] = []) {
  return items.length > 0 ? { [name]: items } : {};
}

function machineOf(
  type: MachineType,
  input: GenerateInput,
  secrets: Secrets,
): MachineConfig["machine"] {
  const { crt, key } = secrets.machineCa;
  const mirrors = Object.entries(input.registryMirrors ?? {});
  return {
    type,
    token: secrets.machineToken,
    // A worker verifies trustd by the certificate, and never gets the key.
    ca: type === "join" ? { crt } : { crt, key },
    certSANs: input.additionalSans ?? [],
    kubelet: { image: imageOf("kubelet", input) },
    ...input.network ? { network: input.network } : {},
    install: {
      disk: input.installDisk ?? "/dev/sda",
      image: input.installImage ?? imageRef("installer"),
      bootloader: true,
      wipe: false,
    },
    ...mirrors.length === 0 ? {} : {
      registries: {
        mirrors: Object.fromEntries(
          mirrors.map(([host, endpoints]) => [host, { endpoints }]),
        ),
      },
    },
  };
}

function imageOf(name: ImageName, { kubernetesVersion }: GenerateInput) {
  return imageRef(
    name,
    kubernetesVersion ? { kubernetes: versionTag(kubernetesVersion) } : {},
  );
}

function clusterOf(
  type: MachineType,
  input: GenerateInput,
  secrets: Secrets,
): MachineConfig["cluster"] {
  const { ipv6 = false, cni } = input;
  const common = {
    controlPlane: { endpoint: input.endpoint },
    clusterName: input.clusterName,
    network: {
      ...cni ? { cni: { name: cni.name, ...listOf("urls", cni.urls) } } : {},
      dnsDomain: input.dnsDomain ?? "cluster.local",
      podSubnets: [ipv6 ? "fc00:db8:10::/56" : "10.244.0.0/16"],
      serviceSubnets: [ipv6 ? "fc00:db8:20::/112" : "10.96.0.0/12"],
    },
    token: secrets.clusterToken,
  };
  const { crt } = secrets.kubernetesCa;
  if (type === "join") return { ...common, ca: { crt } };
  return {
    ...common,
    aescbcEncryptionSecret: secrets.aescbcEncryptionSecret,
    ca: secrets.kubernetesCa,
    apiServer: {
      image: imageOf("kubeAPIServer", input),
      certSANs: input.additionalSans ?? [],
    },
    controllerManager: { image: imageOf("kubeControllerManager", input) },
    proxy: { image: imageOf("kubeProxy", input) },
    scheduler: { image: imageOf("kubeScheduler", input) },
    etcd: { image: imageRef("etcd"), ca: secrets.etcdCa },
    ...input.allowSchedulingOnMasters ? { allowSchedulingOnMasters: true } : {},
  };
}

/**
 * The config of a machine of that type.
 *
 * @throws {GenerateError} when the input has no meaning.
 */
export function generateConfig(
  type: MachineType,
  input: GenerateInput,
  secrets: Secrets,
): MachineConfig {
  checkInput(input);
  return {
    version: "v1alpha1",
    debug: input.debug ?? false,
    persist: input.persist ?? true,
    machine: machineOf(type, input, secrets),
    cluster: clusterOf(type, input, secrets),
  } as MachineConfig;
}

/** The talosconfig of the admin: one context, named as the cluster. */
export function generateTalosconfig(
  input: Pick<GenerateInput, "clusterName" | "endpoints" | "ipv6">,
  secrets: Pick<Secrets, "machineCa" | "admin">,
): Talosconfig {
  const { clusterName, endpoints } = input;
  return {
    context: clusterName,
    contexts: {
      [clusterName]: {
        endpoints: endpoints ?? [input.ipv6 ? "::1" : "127.0.0.1"],
        nodes: [],
        ca: toBase64(secrets.machineCa.crt),
        crt: toBase64(secrets.admin.crt),
        key: toBase64(secrets.admin.key),
      },
    },
  };
}

/** One file of `talosctl gen config`. */
export interface GeneratedFile {
  readonly name: string;
  readonly text: string;
  /** The talosconfig is a key; the seed era left the others readable. */
  readonly mode: number;
}

/** The four files, in the order in which they are written. */
export function generateFiles(
  input: GenerateInput,
  secrets: Secrets,
): GeneratedFile[] {
  const types: readonly MachineType[] = ["init", "controlplane", "join"];
  return [
    ...types.map((type) => ({
      name: `${type}.yaml`,
      text: encode(generateConfig(type, input, secrets), { comments: true }),
      mode: 0o644,
    })),
    {
      name: "talosconfig",
      text: encodeTalosconfig(generateTalosconfig(input, secrets)),
      mode: 0o600,
    },
  ];
}
