/**
 * The other members, found through Kubernetes: the addresses behind its own
 * service are the control planes that live. The cluster's endpoint answers for
 * any of them.
 */
import type { Clock } from "#lib/clock.ts";
import { KubeClient, type KubeTransport } from "#lib/kube/client.ts";
import type { KubeServer } from "#lib/kube/transport.ts";
import { canonicalAddress } from "#lib/net/ip.ts";
import { HOUR_MS, type PemPair } from "#lib/pki/mod.ts";
import { issueKubernetesAdmin, kubernetesCa } from "../kubernetes/admin.ts";
import {
  controlPlaneAddresses,
  endpointServer,
} from "../kubernetes/control_planes.ts";
import type { KubernetesInput } from "../kubernetes/input.ts";
import { EtcdClient } from "./client.ts";
import type { EtcdPeers } from "./membership.ts";
import { etcdCa, issueEtcdClient } from "./pki.ts";

/** What {@linkcode etcdPeers} works with. */
export interface PeersOptions {
  readonly input: () => KubernetesInput;
  readonly connect: (server: KubeServer) => KubeTransport;
  readonly clock: Pick<Clock, "now">;
}

/** Addresses of the control planes, as the endpoint has them. */
async function controlPlanes(
  { input, connect, clock }: PeersOptions,
  signal: AbortSignal,
): Promise<string[]> {
  const now = input();
  const ca = kubernetesCa(now);
  if (!ca) throw new Error("cluster.ca has no key on this node");
  const pair = await issueKubernetesAdmin(ca, { validityMs: HOUR_MS, clock });
  const client = new KubeClient(connect(endpointServer(now, pair)));
  try {
    return await controlPlaneAddresses(client, signal);
  } finally {
    client.close();
  }
}

/** The members that others are. */
export function etcdPeers(options: PeersOptions): EtcdPeers {
  const { input, clock } = options;
  let pair: PemPair | undefined;
  return {
    async addresses(signal) {
      pair = await issueEtcdClient(input(), { validityMs: HOUR_MS, clock });
      const own = new Set(input().addresses.map(canonicalAddress));
      return (await controlPlanes(options, signal))
        .filter((address) => !own.has(address));
    },
    connect(host) {
      if (!pair) throw new Error("addresses come first");
      return new EtcdClient({ host, ca: etcdCa(input()).crt, ...pair });
    },
  };
}
