/**
 * Puts back a control plane that was lost: its static pods, and what the
 * cluster starts with. The source is what the recovery stands on:
 *
 *   apiserver  an API server behind the cluster's endpoint, which gets the
 *              manifests first, whatever became of the one of this node
 *   etcd       etcd alone: the static pods of this node first, then the
 *              manifests through its own API server
 */
import { AgentError, chainOf } from "#lib/errors.ts";
import { DAY_MS } from "#lib/pki/mod.ts";
import { kubernetesCa } from "./admin.ts";
import { type EndpointOptions, throughEndpoint } from "./control_planes.ts";
import type { ControlPlaneKeeper } from "./keeper.ts";

/** See the top of the file. */
export type RecoverSource = "etcd" | "apiserver";

/** Why there is nothing to recover from. */
export type RecoverProblem =
  /** A worker. */
  | { readonly kind: "failedPrecondition" }
  | { readonly kind: "unavailable"; readonly source: RecoverSource };

/** A recovery that was refused before it began. */
export class RecoverError extends AgentError<RecoverProblem> {
  override name = "RecoverError";
}

/** What a recovery works with. */
export interface RecoverOptions extends EndpointOptions {
  readonly keeper: Pick<ControlPlaneKeeper, "settle">;
  /** Rejects unless a quorum of etcd answers this node. */
  readonly probeEtcd: (signal: AbortSignal) => Promise<void>;
}

/** What the source has to answer. */
const ANSWER_MS = 10_000;
/** As in the seed era; an image may have to be pulled. */
const RECOVER_MS = 10 * 60_000;

/**
 * Resolves when there is something to recover from.
 *
 * @throws {RecoverError}
 */
export async function checkRecover(
  source: RecoverSource,
  options: RecoverOptions,
): Promise<void> {
  const input = options.input();
  if (input.config.machine.type === "join" || !kubernetesCa(input)) {
    throw new RecoverError(
      { kind: "failedPrecondition" },
      "Cannot recover: this node is a worker, it has no control plane",
    );
  }
  const signal = AbortSignal.timeout(ANSWER_MS);
  if (source === "etcd") {
    try {
      return await options.probeEtcd(signal);
    } catch (cause) {
      throw new RecoverError(
        { kind: "unavailable", source },
        `Cannot recover from etcd: it does not answer with a quorum: ${
          chainOf(cause)
        }`,
        { cause },
      );
    }
  }
  const ready = await throughEndpoint(
    { ...options, validityMs: DAY_MS },
    (api) => api.ready(signal),
  );
  if (ready) return;
  const { endpoint } = input.config.cluster.controlPlane;
  throw new RecoverError(
    { kind: "unavailable", source },
    `Cannot recover from the API server: none is ready at ${endpoint}; with the source etcd none is needed`,
  );
}

/** Does it, within ten minutes. */
export async function recover(
  source: RecoverSource,
  options: RecoverOptions,
  signal: AbortSignal,
): Promise<void> {
  const { keeper } = options;
  const limit = AbortSignal.timeout(RECOVER_MS);
  const either = AbortSignal.any([signal, limit]);
  if (source === "etcd") return await keeper.settle(either);
  await throughEndpoint(
    { ...options, validityMs: DAY_MS },
    (through) => keeper.settle(either, { through }),
  );
}
