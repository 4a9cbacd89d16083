/** What each daemon is started with. Pure. */
import { type EffectiveConfig, select } from "#lib/config/mod.ts";
import type { Manifest } from "#lib/worker/manifest.ts";
import type {
  Identity,
  NodeFacts,
  WorkerConfig,
} from "#lib/worker/protocol.ts";

/** What is known when a worker is started or configured. */
export interface Knowledge {
  readonly config: EffectiveConfig | undefined;
  readonly facts: NodeFacts;
  readonly identity: Identity | undefined;
  readonly controlPlanes?: readonly string[];
}

/** The daemons that speak TLS with the node's certificate. */
export const IDENTIFIED: readonly string[] = ["apid", "trustd"];

/** Exactly what the manifest names, and not the certificate of another. */
export function workerConfig(
  { name, config: paths }: Pick<Manifest, "name" | "config">,
  { config, facts, identity, controlPlanes = [] }: Knowledge,
): WorkerConfig {
  return {
    config: (config ? select(config, paths) : {}) as Record<string, unknown>,
    node: facts,
    ...(identity && IDENTIFIED.includes(name) && { identity }),
    ...(controlPlanes.length > 0 && IDENTIFIED.includes(name) &&
      { controlPlanes }),
    ...(!config && { maintenance: true }),
  };
}
