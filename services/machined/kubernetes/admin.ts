/**
 * The API server of this node, as its administrator: with a certificate that
 * machined issues itself, for a day, and another one long before that ends.
 */
import type { Clock } from "#lib/clock.ts";
import { KubeClient, type KubeTransport } from "#lib/kube/client.ts";
import type { KubeServer } from "#lib/kube/transport.ts";
import { Ca, DAY_MS, type PemPair } from "#lib/pki/mod.ts";
import { type KubernetesInput, localApiServer } from "./input.ts";

/** A client certificate of somebody who may do everything. */
export async function issueKubernetesAdmin(
  ca: PemPair,
  options: {
    readonly commonName?: string;
    readonly validityMs: number;
    readonly clock: Pick<Clock, "now">;
  },
): Promise<PemPair> {
  const { commonName = "admin", validityMs, clock } = options;
  return await (await Ca.load(ca)).issuePair({
    algorithm: "ECDSA-P256",
    organizations: ["system:masters"],
    usages: ["client"],
    ...{ commonName, validityMs, clock },
  });
}

/** The Kubernetes CA of a control plane's config. */
export function kubernetesCa({ config }: Pick<KubernetesInput, "config">) {
  const { crt, key } = config.cluster.ca ?? {};
  return crt === undefined || key === undefined ? undefined : { crt, key };
}

/** What {@linkcode AdminClient} works with. */
export interface AdminOptions {
  readonly clock: Pick<Clock, "now">;
  readonly connect: (server: KubeServer) => KubeTransport;
}

/** Makes clients and keeps the last one while its certificate is good. */
export class AdminClient {
  readonly #options: AdminOptions;
  #held:
    | { client: KubeClient; ca: string; server: string; until: number }
    | undefined;

  constructor(options: AdminOptions) {
    this.#options = options;
  }

  /** @throws when the config is not that of a control plane. */
  async client(input: KubernetesInput): Promise<KubeClient> {
    const { clock, connect } = this.#options;
    const ca = kubernetesCa(input);
    if (!ca) throw new Error("cluster.ca has no key on this node");
    const server = localApiServer(input);
    const held = this.#held;
    if (
      held && held.ca === ca.crt && held.server === server &&
      clock.now() < held.until
    ) return held.client;
    const pair = await issueKubernetesAdmin(ca, { validityMs: DAY_MS, clock });
    held?.client.close();
    const client = new KubeClient(
      connect({ url: server, ca: ca.crt, ...pair }),
    );
    this.#held = {
      ...{ client, server },
      ca: ca.crt,
      until: clock.now() + DAY_MS / 2,
    };
    return client;
  }

  close(): void {
    this.#held?.client.close();
    this.#held = undefined;
  }
}
