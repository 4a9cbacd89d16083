/**
 * Asks the API of a cluster again and again, each time on a connection of its
 * own through the cluster's endpoint.
 */
import { systemClock } from "#lib/clock.ts";
import { chainOf } from "#lib/errors.ts";
import { KubeClient } from "#lib/kube/client.ts";
import { RESOURCES } from "#lib/kube/resources.ts";
import { kubeTransport } from "#lib/kube/transport.ts";
import type { KubeCluster } from "./kube_cluster.ts";

/** Between an answer and the next request. */
const PAUSE_MS = 50;

/** See the top of the file; it runs until it is stopped. */
export class ApiProbe {
  readonly #kube: KubeCluster;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  /** One line for each request that was not answered. */
  readonly failures: string[] = [];
  requests = 0;

  constructor(kube: KubeCluster) {
    this.#kube = kube;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { config: { cluster }, admin } = this.#kube;
    const url = cluster.controlPlane.endpoint;
    const server = { url, ca: cluster.ca!.crt!, ...admin };
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const started = performance.now();
      const client = new KubeClient(kubeTransport(server));
      try {
        await client.list(RESOURCES.nodes, {}, signal);
        this.requests++;
      } catch (thrown) {
        if (signal.aborted) return;
        this.requests++;
        const tookMs = Math.round(performance.now() - started);
        const at = new Date().toISOString();
        this.failures.push(`${at} after ${tookMs} ms: ${chainOf(thrown)}`);
      } finally {
        client.close();
      }
      await systemClock.sleep(PAUSE_MS, signal).catch(() => {});
    }
  }
}
