/**
 * Whether the whole cluster is well, as a control plane sees it: it asks the
 * nodes through its own apid, with a certificate that may look at things and
 * nothing else, and Kubernetes as its administrator. What it tells are
 * conditions and reasons, for readers too.
 */
import type { Clock } from "#lib/clock.ts";
import { AgentError } from "#lib/errors.ts";
import { RemoteView } from "#lib/health/remote_view.ts";
import type { ClusterNodes } from "#lib/health/view.ts";
import {
  type HealthNews,
  WAIT_TIMEOUT_MS,
  WAIT_TIMEOUT_MS_MAX,
  watchHealth,
} from "#lib/health/wait.ts";
import type { KubeTransport } from "#lib/kube/client.ts";
import { apiServerUrl } from "#lib/kube/endpoint.ts";
import type { KubeServer } from "#lib/kube/transport.ts";
import { PORTS } from "#lib/paths.ts";
import { issueNodeIdentity } from "#lib/pki/identity.ts";
import { HOUR_MS } from "#lib/pki/mod.ts";
import { Role } from "#lib/rpc/roles.ts";
import { kubernetesCa } from "./kubernetes/admin.ts";
import { endpointClient } from "./kubernetes/control_planes.ts";
import { type KubernetesInput, nodeAddress } from "./kubernetes/input.ts";

/** What a check is to look at. */
export interface HealthRequest {
  /** None: they are found. */
  readonly cluster: ClusterNodes;
  /** An API server to ask in place of the cluster's endpoint; may be empty. */
  readonly kubernetesEndpoint: string;
  /** 0: as in the seed era. */
  readonly timeoutMs: number;
}

/** Why a check was refused before it looked at anything. */
export interface HealthRefusal {
  readonly kind: "failedPrecondition" | "invalidArgument" | "resourceExhausted";
}

/** See {@linkcode HealthRefusal}. */
export class HealthRefusedError extends AgentError<HealthRefusal> {
  override name = "HealthRefusedError";
}

/** What {@linkcode HealthChecks} works with. */
export interface HealthChecksOptions {
  /** Undefined: there is no config. */
  readonly input: () => KubernetesInput | undefined;
  readonly connect: (server: KubeServer) => KubeTransport;
  readonly clock: Clock;
}

/** At the same time. */
export const CHECKS_MAX = 8;
/** As many as one call of the API may name. */
const NODES_MAX = 1_000;

/** See the top of the file. */
export class HealthChecks {
  readonly #options: HealthChecksOptions;
  #running = 0;

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  /**
   * The news of one check; ends when the cluster is well.
   *
   * @throws {HealthError} | {HealthRefusedError}
   */
  async *check(
    request: HealthRequest,
    signal: AbortSignal,
  ): AsyncGenerator<HealthNews> {
    const input = this.#admitted(request);
    this.#running++;
    try {
      const { clock } = this.#options;
      const timeoutMs = request.timeoutMs || WAIT_TIMEOUT_MS;
      using view = await this.#view(input, request);
      const { controlPlanes, workers } = request.cluster;
      const given = controlPlanes.length + workers.length > 0;
      yield* watchHealth({
        ...{ view, clock, timeoutMs, signal },
        ...given && { cluster: request.cluster },
      });
    } finally {
      this.#running--;
    }
  }

  #admitted({ cluster }: HealthRequest): KubernetesInput {
    const refuse = (kind: HealthRefusal["kind"], text: string) =>
      new HealthRefusedError({ kind }, text);
    const input = this.#options.input();
    if (!input) {
      throw refuse("failedPrecondition", "this node has no config yet");
    }
    if (input.config.machine.type === "join" || !kubernetesCa(input)) {
      const text = "this node is a worker: ask a control plane";
      throw refuse("failedPrecondition", text);
    }
    const { controlPlanes, workers } = cluster;
    if (controlPlanes.length + workers.length > NODES_MAX) {
      throw refuse("invalidArgument", `more than ${NODES_MAX} nodes`);
    }
    if (controlPlanes.length === 0 && workers.length > 0) {
      const text = "workers without a control plane are no cluster";
      throw refuse("invalidArgument", text);
    }
    if (this.#running >= CHECKS_MAX) {
      const text = `${CHECKS_MAX} health checks run already: try again later`;
      throw refuse("resourceExhausted", text);
    }
    return input;
  }

  async #view(
    input: KubernetesInput,
    { kubernetesEndpoint }: HealthRequest,
  ): Promise<RemoteView> {
    const { clock, connect } = this.#options;
    // Longer than any check, which would not notice that it ended.
    const life = { validityMs: WAIT_TIMEOUT_MS_MAX + HOUR_MS, clock };
    const { crt, key } = input.config.machine.ca ?? {};
    if (crt === undefined || key === undefined) {
      const text = "machine.ca has no key on this node";
      throw new HealthRefusedError({ kind: "failedPrecondition" }, text);
    }
    const url = kubernetesEndpoint && apiServerUrl(kubernetesEndpoint);
    const tls = await issueNodeIdentity({ crt, key }, {
      ...{ names: [], addresses: [], ...life },
      roles: [Role.reader],
      usages: ["client"],
    });
    return new RemoteView({
      endpoints: [{ host: nodeAddress(input), port: PORTS.apid }],
      tls,
      kube: () =>
        endpointClient({
          ...{ input: () => input, connect, ...life },
          ...url !== "" && { url },
        }),
    });
  }
}
