/**
 * The GenerateConfiguration call as a function: a request, and the config of
 * the node that answers, to the bytes of a config and a talosconfig.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type GenerateConfigurationRequest,
  type GenerateConfigurationResponseSchema,
  MachineConfig_MachineType as WireType,
  type NetworkConfig,
  type NetworkDeviceConfig,
} from "#proto/machine_pb.ts";
import { type Clock, systemClock } from "../clock.ts";
import {
  generateConfig,
  GenerateError,
  type GenerateInput,
  generateTalosconfig,
} from "./generate.ts";
import { quote } from "./problem.ts";
import { encode } from "./save.ts";
import { generateSecrets, secretsOf, type SecretsOptions } from "./secrets.ts";
import { encodeTalosconfig } from "./talosconfig.ts";
import type {
  Interface,
  MachineConfig,
  MachineType,
} from "./v1alpha1/types.ts";

const TYPES: Partial<Record<WireType, MachineType>> = {
  [WireType.TYPE_INIT]: "init",
  [WireType.TYPE_CONTROL_PLANE]: "controlplane",
  [WireType.TYPE_JOIN]: "join",
};

/** On the wire, a scalar that is not set is empty or zero. */
function set<K extends string, V>(key: K, value: V | undefined) {
  return (value ? { [key]: value } : {}) as { readonly [P in K]?: V };
}

function deviceOf(device: NetworkDeviceConfig): Interface {
  const { dhcpOptions, routes } = device;
  return {
    interface: device.interface,
    ...set("cidr", device.cidr),
    ...routes.length === 0 ? {} : {
      routes: routes.map(({ network, gateway, metric }) => ({
        network,
        ...set("gateway", gateway),
        ...set("metric", metric),
      })),
    },
    ...set("mtu", device.mtu),
    ...set("dhcp", device.dhcp),
    ...set("ignore", device.ignore),
    ...dhcpOptions
      ? { dhcpOptions: { ...set("routeMetric", dhcpOptions.routeMetric) } }
      : {},
  };
}

function networkOf(
  network: NetworkConfig | undefined,
): NonNullable<GenerateInput["network"]> | undefined {
  return network && {
    ...set("hostname", network.hostname),
    ...network.interfaces.length === 0
      ? {}
      : { interfaces: network.interfaces.map(deviceOf) },
  };
}

/**
 * What a request asks for.
 *
 * @throws {GenerateError} when it asks for something that there is not.
 */
export function inputOf(
  request: GenerateConfigurationRequest,
): { type: MachineType; input: GenerateInput } {
  const { configVersion, clusterConfig: cluster, machineConfig } = request;
  if (configVersion !== "" && configVersion !== "v1alpha1") {
    throw new GenerateError(
      `Cannot generate a config of version ${
        quote(configVersion)
      }: only v1alpha1`,
    );
  }
  const type = TYPES[machineConfig?.type ?? WireType.TYPE_UNKNOWN];
  if (type === undefined) {
    throw new GenerateError("Cannot generate a config: no machine type");
  }
  const { dnsDomain, cniConfig } = cluster?.clusterNetwork ?? {};
  const { installDisk, installImage } = machineConfig?.installConfig ?? {};
  return {
    type,
    input: {
      clusterName: cluster?.name ?? "",
      endpoint: cluster?.controlPlane?.endpoint ?? "",
      ...set("kubernetesVersion", machineConfig?.kubernetesVersion),
      ...set("installDisk", installDisk),
      ...set("installImage", installImage),
      ...set("dnsDomain", dnsDomain),
      ...set("network", networkOf(machineConfig?.networkConfig)),
      ...set("allowSchedulingOnMasters", cluster?.allowSchedulingOnMasters),
      ...cniConfig?.name
        ? { cni: { name: cniConfig.name, urls: cniConfig.urls } }
        : {},
    },
  };
}

/** The clock that a request overrides, as tests and re-generation do. */
function clockOf(
  { overrideTime }: GenerateConfigurationRequest,
  clock: Pick<Clock, "now">,
): Pick<Clock, "now"> {
  if (overrideTime === undefined) return clock;
  const ms = Number(overrideTime.seconds) * 1000 +
    Math.trunc(overrideTime.nanos / 1e6);
  return { now: () => ms };
}

/**
 * Answers a request. A node that has a config gives away the secrets of its
 * own cluster (so the call needs an admin); one without makes a new cluster.
 *
 * @throws {GenerateError | SecretsError}
 */
export async function answerGenerate(
  request: GenerateConfigurationRequest,
  node: {
    /** The config that the node has, if any. */
    readonly config?: MachineConfig;
    readonly clock?: Pick<Clock, "now">;
    readonly algorithm?: SecretsOptions["algorithm"];
  } = {},
): Promise<MessageInitShape<typeof GenerateConfigurationResponseSchema>> {
  const { type, input } = inputOf(request);
  const options: SecretsOptions = {
    clock: clockOf(request, node.clock ?? systemClock),
    ...node.algorithm ? { algorithm: node.algorithm } : {},
  };
  const secrets = node.config
    ? await secretsOf(node.config, options)
    : await generateSecrets(options);
  const bytes = (text: string) => new TextEncoder().encode(text);
  const config = generateConfig(type, input, secrets);
  return {
    data: [bytes(encode(config, { comments: true }))],
    talosconfig: bytes(encodeTalosconfig(generateTalosconfig(input, secrets))),
  };
}
