/**
 * The other members, found through Kubernetes: the addresses behind its own
 * service are the control planes that live. The cluster's endpoint answers for
 * any of them.
 */
import { canonicalAddress } from "#lib/net/ip.ts";
import { HOUR_MS, type PemPair } from "#lib/pki/mod.ts";
import {
  controlPlaneAddresses,
  type EndpointOptions,
  throughEndpoint,
} from "../kubernetes/control_planes.ts";
import { EtcdClient } from "./client.ts";
import type { EtcdPeers } from "./membership.ts";
import { etcdCa, issueEtcdClient } from "./pki.ts";

/** The members that others are. */
export function etcdPeers(options: EndpointOptions): EtcdPeers {
  const { input, clock } = options;
  let pair: PemPair | undefined;
  return {
    async addresses(signal) {
      pair = await issueEtcdClient(input(), { validityMs: HOUR_MS, clock });
      const own = new Set(input().addresses.map(canonicalAddress));
      const addresses = await throughEndpoint(
        { ...options, validityMs: HOUR_MS },
        (client) => controlPlaneAddresses(client, signal),
      );
      return addresses
        .filter((address) => !own.has(address));
    },
    connect(host) {
      if (!pair) throw new Error("addresses come first");
      return new EtcdClient({ host, ca: etcdCa(input()).crt, ...pair });
    },
  };
}
