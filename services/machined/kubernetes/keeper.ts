/**
 * Keeps the cluster as its machine config has it, on every control plane:
 * pods, manifests, the node's role, serving certificates. Each pass may fail
 * and is made again; nothing here ends PID 1 or waits for good.
 */
import type { Clock } from "#lib/clock.ts";
import { chainOf } from "#lib/errors.ts";
import { applyAll, nameOf } from "#lib/kube/apply.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import type { KubeObject } from "#lib/kube/resources.ts";
import { RESOURCES } from "#lib/kube/resources.ts";
import type { Logger } from "#lib/log.ts";
import type { Files } from "../files.ts";
import {
  type AdminClient,
  issueKubernetesAdmin,
  kubernetesCa,
} from "./admin.ts";
import type { KubernetesInput } from "./input.ts";
import { bootstrapManifests } from "./manifests/bootstrap.ts";
import { applyRole } from "./node_role.ts";
import { rollOut } from "./rollout.ts";
import { CERTIFICATE_LIFE_MS } from "./secrets.ts";
import { decide, isPending } from "./serving_certificates.ts";

/** What the keeper works with. */
export interface KeeperOptions {
  /** What is wanted now. */
  readonly input: () => KubernetesInput;
  readonly admin: AdminClient;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  readonly fetchManifest: (
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => Promise<KubeObject[]>;
}

/** Between two passes when nothing changes: what others undid comes back. */
const AGAIN_MS = 10 * 60_000;
/** After a pass that failed, doubled up to the most. */
const RETRY_MS = 2_000;
const RETRY_MS_MAX = 60_000;
const READY_LOOK_MS = 500;

/** See the top of the file. */
export class ControlPlaneKeeper {
  readonly #options: KeeperOptions;
  #wake = Promise.withResolvers<void>();
  #problem: unknown;
  readonly #lost = new Set<string>();
  /** Objects of manifests that the API server refused, said once. */
  #refused: string | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Why the last pass failed; undefined: it did not, or another one is due. */
  get problem(): unknown {
    return this.#problem;
  }

  /** The config, the name or an address is another: the next pass is now. */
  changed(): void {
    this.#problem = undefined;
    this.#wake.resolve();
  }

  /**
   * One pass, whole. With another API server to go `through`, it gets the
   * manifests before anything is done to this node.
   */
  async settle(
    signal: AbortSignal,
    { through }: { readonly through?: KubeClient } = {},
  ): Promise<void> {
    const { input: inputNow, clock, log } = this.#options;
    const input = inputNow();
    if (through) await this.#applyManifests(input, through, signal);
    const client = (of: KubernetesInput) => this.#options.admin.client(of);
    const { files } = this.#options;
    const lost = this.#lost;
    await rollOut(input, { files, clock, log, lost, client }, signal);
    const api = await this.#whenReady(input, signal);
    if (!through) await this.#applyManifests(input, api, signal);
    await this.#applyRole(input, api, signal);
  }

  /** Passes for as long as the node lives, and certificates in between. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    void this.#approve(signal);
    let pauseMs = AGAIN_MS;
    while (!signal.aborted) {
      await this.#pause(pauseMs, signal);
      if (signal.aborted) return;
      try {
        await this.settle(signal);
        this.#problem = undefined;
        pauseMs = AGAIN_MS;
      } catch (thrown) {
        if (signal.aborted) return;
        this.#problem = thrown;
        log.warn(`control plane: ${chainOf(thrown)}`);
        pauseMs = pauseMs === AGAIN_MS
          ? RETRY_MS
          : Math.min(pauseMs * 2, RETRY_MS_MAX);
        // Many changes at once are one reason to try at once, not many.
        await clock.sleep(RETRY_MS, signal).catch(() => {});
      }
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const slept = this.#options.clock.sleep(ms, either).catch(() => {});
    await Promise.race([slept, this.#wake.promise]);
    over.abort(new Error("woken"));
    this.#wake = Promise.withResolvers();
  }

  async #whenReady(
    input: KubernetesInput,
    signal: AbortSignal,
  ): Promise<KubeClient> {
    for (;;) {
      const client = await this.#options.admin.client(input);
      if (await client.ready(signal)) return client;
      await this.#options.clock.sleep(READY_LOOK_MS, signal);
    }
  }

  async #manifests(
    input: KubernetesInput,
    signal: AbortSignal,
  ): Promise<KubeObject[]> {
    const { clock, fetchManifest, log } = this.#options;
    const { network, extraManifests, extraManifestHeaders } =
      input.config.cluster;
    const admin = await issueKubernetesAdmin(kubernetesCa(input)!, {
      commonName: "admin",
      validityMs: CERTIFICATE_LIFE_MS,
      clock,
    });
    const urls = [
      ...network.cni.name === "custom" ? network.cni.urls ?? [] : [],
      ...extraManifests ?? [],
    ];
    const headers = extraManifestHeaders ?? {};
    const fetched: KubeObject[] = [];
    for (const url of urls) {
      try {
        fetched.push(...await fetchManifest(url, headers, signal));
      } catch (thrown) {
        signal.throwIfAborted();
        // One that is away must not keep the others out.
        log.warn(chainOf(thrown));
      }
    }
    return [...bootstrapManifests(input, admin), ...fetched];
  }

  async #applyManifests(
    input: KubernetesInput,
    client: KubeClient,
    signal: AbortSignal,
  ): Promise<void> {
    const { log } = this.#options;
    const objects = await this.#manifests(input, signal);
    const rejected = await applyAll(objects, client, signal);
    const said = rejected
      .map(({ object, error }) => `${nameOf(object)}: ${chainOf(error)}`);
    if (said.join("\n") === this.#refused) return;
    this.#refused = said.join("\n");
    for (const line of said) log.warn(`manifest not applied: ${line}`);
    log.info(`manifests: ${objects.length - said.length} objects applied`);
  }

  async #applyRole(
    input: KubernetesInput,
    client: KubeClient,
    signal: AbortSignal,
  ): Promise<void> {
    const { hostname: name, config } = input;
    const schedulable = config.cluster.allowSchedulingOnMasters;
    if (await applyRole(client, { name, schedulable }, signal)) {
      this.#options.log.info(`node ${name} is labelled as control plane`);
    }
  }

  /** Decides about serving certificates as they are asked for. */
  async #approve(signal: AbortSignal): Promise<void> {
    const { clock, input, admin, log } = this.#options;
    const requests = RESOURCES.certificateSigningRequests;
    while (!signal.aborted) {
      try {
        const client = await admin.client(input());
        const decideOn = async (request: Parameters<typeof decide>[0]) => {
          if (!isPending(request)) return;
          log.info(await decide(request, client, signal));
        };
        const { items, resourceVersion } = await client.list(
          requests,
          {},
          signal,
        );
        for (const item of items) await decideOn(item);
        const options = { resourceVersion };
        for await (const event of client.watch(requests, options, signal)) {
          if (event.type !== "ADDED" && event.type !== "MODIFIED") continue;
          await decideOn(event.object);
        }
      } catch {
        // The API server restarts, or another control plane was faster.
      }
      await clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }
}
