/**
 * Upgrades of Kubernetes as the API asks for them: one at a time on a node. It
 * goes on when nobody follows it any more, up to the end of this node's part;
 * who asks for the same again follows it.
 */
import { apiServerUrl } from "#lib/kube/endpoint.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { DAY_MS } from "#lib/pki/mod.ts";
import { kubernetesCa } from "./admin.ts";
import { endpointClient, type EndpointOptions } from "./control_planes.ts";
import type { KubernetesInput } from "./input.ts";
import {
  checkedRequest,
  remainingSteps,
  UpgradeRefused,
  type UpgradeStep,
} from "./upgrade_plan.ts";
import { type UpgradeProgress, UpgradeRun } from "./upgrade_run.ts";
import {
  type UpgradeCall,
  upgradeNode,
  type UpgradeOptions,
} from "./upgrade_steps.ts";
import { seeCluster } from "./upgrade_view.ts";

/** What is left to do in the cluster. */
export interface UpgradePlan {
  /** Addresses, in the order in which they are upgraded. */
  readonly controlPlanes: readonly string[];
  readonly steps: readonly UpgradeStep[];
}

/** What {@linkcode Upgrades} works with. */
export interface UpgradesOptions extends UpgradeOptions {
  readonly connect: EndpointOptions["connect"];
  /** Undefined: there is no config. */
  readonly input: () => KubernetesInput | undefined;
  /** Ends with the node. */
  readonly life: AbortSignal;
}

/** See the top of the file. */
export class Upgrades {
  readonly #options: UpgradesOptions;
  #run: UpgradeRun | undefined;

  constructor(options: UpgradesOptions) {
    this.#options = options;
  }

  /** What is left to do. @throws {UpgradeRefused} | {KubeError} */
  async plan(call: UpgradeCall, signal: AbortSignal): Promise<UpgradePlan> {
    const request = checkedRequest(call);
    this.#admitted();
    const kube = await this.#client(call);
    try {
      const seen = await seeCluster(kube, signal);
      const homeless = seen.controlPlanes.find(({ address }) => address === "");
      if (homeless) {
        const why = `${homeless.node} has no address yet`;
        throw new UpgradeRefused("failedPrecondition", why);
      }
      return {
        controlPlanes: seen.controlPlanes.map(({ address }) => address),
        steps: remainingSteps(seen, request),
      };
    } finally {
      kube.close();
    }
  }

  /**
   * Begins the part of this node, or joins it; how far it is, to its end.
   *
   * @throws {UpgradeRefused} and what `upgradeNode` throws
   */
  follow(
    call: UpgradeCall,
    signal: AbortSignal,
  ): AsyncGenerator<UpgradeProgress> {
    const request = { ...call, ...checkedRequest(call) };
    this.#admitted();
    const run = this.#run ??= this.#begin(request);
    if (run.to === request.to) return run.follow(signal);
    throw new UpgradeRefused(
      "failedPrecondition",
      `this node is on its way to ${run.to}`,
    );
  }

  #begin(call: UpgradeCall): UpgradeRun {
    const { log, life: signal } = this.#options;
    const run = new UpgradeRun(call.to, async (tell) => {
      const kube = await this.#client(call);
      const input = () => this.#admitted();
      try {
        const options = { ...this.#options, input };
        await upgradeNode({ ...options, call, kube, tell, signal });
      } finally {
        kube.close();
      }
    });
    void run.over.then(() => {
      this.#run = undefined;
      // Nobody may be there to hear it.
      if (run.failure !== undefined) log.warn(`upgrade: ${run.failure}`);
      else log.info(`upgrade: this node's part of ${call.to} is done`);
    });
    return run;
  }

  #admitted(): KubernetesInput {
    const refuse = (why: string) =>
      new UpgradeRefused("failedPrecondition", why);
    const input = this.#options.input();
    if (!input) throw refuse("this node has no config yet");
    if (input.config.machine.type !== "join" && kubernetesCa(input)) {
      return input;
    }
    throw refuse("this node is a worker: ask a control plane");
  }

  #client({ endpoint }: UpgradeCall): Promise<KubeClient> {
    const { connect, clock } = this.#options;
    return endpointClient({
      input: () => this.#admitted(),
      ...{ connect, clock },
      validityMs: DAY_MS,
      ...endpoint !== "" && { url: apiServerUrl(endpoint) },
    });
  }
}
