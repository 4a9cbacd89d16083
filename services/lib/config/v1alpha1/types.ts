/**
 * The machine config v1alpha1: its schema, and the types that follow from it.
 * The keys themselves are in machine.ts, network.ts and cluster.ts.
 */
import { bool, type Effective, object, oneOf, type Value } from "../schema.ts";
import { cluster } from "./cluster.ts";
import { machine, type MACHINE_TYPES } from "./machine.ts";

/** Every key, with what it means, its default and an example. */
export const MACHINE_CONFIG = object({
  version: oneOf(["v1alpha1"], {
    doc: "The schema of this file.",
    required: true,
  }),
  debug: bool({
    doc: "Whether the logs of services go to the console too.",
    default: false,
  }),
  persist: bool({
    doc: "Whether the config on disk is used at the next boot.",
    default: false,
  }),
  machine,
  cluster,
}, {});

/** A config as a file says it: every key optional. */
export type MachineConfig = Value<typeof MACHINE_CONFIG>;
/** A config after validation, with the defaults filled in. */
export type EffectiveConfig = Effective<typeof MACHINE_CONFIG>;

/** `init` bootstraps the cluster, `join` is a worker. */
export type MachineType = (typeof MACHINE_TYPES)[number];

/** One entry of `machine.network.interfaces`. */
export type Interface = NonNullable<
  EffectiveConfig["machine"]["network"]["interfaces"]
>[number];
/** A certificate with its key, both PEM. */
export type PemPair = NonNullable<EffectiveConfig["machine"]["ca"]>;

/** The platforms by what they can do. */
export const MODES = ["cloud", "container", "metal"] as const;
export type Mode = (typeof MODES)[number];
