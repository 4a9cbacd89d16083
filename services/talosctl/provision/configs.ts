/**
 * Machine configs of a new local cluster: generated, or taken from the files
 * of `gen config`, and what the administrator connects with.
 */
import { join } from "@std/path";
import {
  type Context as TalosContext,
  credentialsOf,
  decodeTalosconfig,
  encode,
} from "#lib/config/mod.ts";
import {
  generateConfig,
  type GenerateInput,
  generateTalosconfig,
  parseRegistryMirrors,
} from "#lib/config/generate.ts";
import {
  generateSecrets,
  type Secrets,
  type SecretsOptions,
} from "#lib/config/secrets.ts";
import { API_PORT } from "./balancer.ts";
import {
  type ClusterPlan,
  controlPlanesOf,
  isBalanced,
  type NodePlan,
  type NodeType,
} from "./plan.ts";
import { ProvisionError } from "./provision.ts";

/** What the user says about the configs. */
export interface ConfigOptions {
  readonly "custom-cni-url": string;
  readonly "dns-domain": string;
  readonly endpoint: string;
  readonly "input-dir": string;
  readonly "install-image": string;
  readonly "kubernetes-version": string;
  readonly nameservers: readonly string[];
  readonly "registry-mirror": readonly string[];
  readonly "with-debug": boolean;
}

/** The configs of one cluster. */
export interface ClusterConfigs {
  /** YAML for one node. */
  machine(node: NodePlan): string;
  readonly context: TalosContext;
  /** PEM. */
  readonly tls: { ca: string; crt: string; key: string };
}

/** Addresses that clients connect to. */
function endpointsOf(plan: ClusterPlan, forced: string): string[] {
  if (forced !== "") return [forced];
  return controlPlanesOf(plan).map(({ ip }) => ip);
}

function tlsOf(context: TalosContext): ClusterConfigs["tls"] {
  const { ca, crt, key } = credentialsOf(context);
  if (ca && crt && key) return { ca, crt, key };
  throw new ProvisionError(
    { kind: "host", what: "talosconfig" },
    "The talosconfig lacks a CA, a certificate or a key",
  );
}

/** What `generateConfig` is asked for. Pure. */
function generateInput(
  plan: ClusterPlan,
  options: ConfigOptions,
): GenerateInput {
  const endpoints = endpointsOf(plan, options.endpoint);
  const { "custom-cni-url": cni, "registry-mirror": mirrors } = options;
  const { gateway } = plan.network;
  const first = isBalanced(plan) ? gateway : endpoints[0] ?? gateway;
  const endpointHost = options.endpoint || first;
  return {
    clusterName: plan.name,
    endpoint: `https://${endpointHost}:${API_PORT}`,
    additionalSans: [...new Set([endpointHost, ...endpoints])],
    endpoints,
    dnsDomain: options["dns-domain"],
    persist: false,
    debug: options["with-debug"],
    network: {
      nameservers: options.nameservers,
      // The provisioner has set it up.
      interfaces: [{ interface: "eth0", ignore: true }],
    },
    ...mirrors.length > 0 &&
      { registryMirrors: parseRegistryMirrors(mirrors) },
    ...options["kubernetes-version"] !== "" &&
      { kubernetesVersion: options["kubernetes-version"] },
    ...options["install-image"] !== "" &&
      { installImage: options["install-image"] },
    ...cni !== "" && { cni: { name: "custom", urls: [cni] } },
  };
}

/** Configs made from secrets. Pure. */
export function configsFrom(
  plan: ClusterPlan,
  options: ConfigOptions,
  secrets: Secrets,
): ClusterConfigs {
  const input = generateInput(plan, options);
  const texts = new Map<NodeType, string>();
  const { contexts } = generateTalosconfig(input, secrets);
  const context = contexts[plan.name]!;
  return {
    context,
    tls: tlsOf(context),
    machine({ type }) {
      const known = texts.get(type);
      if (known !== undefined) return known;
      const config = generateConfig(type, input, secrets);
      const text = encode({
        ...config,
        machine: {
          ...config.machine,
          // The gateway tells the time: no traffic leaves this machine.
          time: { servers: [plan.network.gateway] },
        },
      });
      texts.set(type, text);
      return text;
    },
  };
}

/** The files of `gen config`, as they are; only the endpoints are ours. */
async function configsIn(
  dir: string,
  plan: ClusterPlan,
  options: ConfigOptions,
): Promise<ClusterConfigs> {
  const read = (name: string) => Deno.readTextFile(join(dir, name));
  const types = ["init", "controlplane", "join"] as const;
  const texts = await Promise.all(types.map((type) => read(`${type}.yaml`)));
  const path = join(dir, "talosconfig");
  const { contexts, context: current } = decodeTalosconfig(
    await read("talosconfig"),
    path,
  );
  const found = contexts[current] ?? Object.values(contexts)[0];
  if (found === undefined) {
    throw new ProvisionError(
      { kind: "host", what: "talosconfig" },
      `There is no context in "${path}"`,
    );
  }
  const endpoints = endpointsOf(plan, options.endpoint);
  return {
    context: { ...found, endpoints },
    tls: tlsOf(found),
    machine: ({ type }) => texts[types.indexOf(type)]!,
  };
}

/** Generates or reads the configs of the cluster that `plan` describes. */
export async function clusterConfigs(
  plan: ClusterPlan,
  options: ConfigOptions,
  secretsOptions: SecretsOptions = {},
): Promise<ClusterConfigs> {
  const dir = options["input-dir"];
  if (dir !== "") return await configsIn(dir, plan, options);
  return configsFrom(plan, options, await generateSecrets(secretsOptions));
}
