/** The certificates of etcd: of the etcd CA, for a year. */
import type { Clock } from "#lib/clock.ts";
import { Ca, type PemPair } from "#lib/pki/mod.ts";
import type { KubernetesInput } from "../kubernetes/input.ts";
import { CERTIFICATE_LIFE_MS } from "../kubernetes/secrets.ts";

/** The CA of a control plane's config. */
export function etcdCa({ config }: Pick<KubernetesInput, "config">): PemPair {
  const { crt, key } = config.cluster.etcd.ca ?? {};
  if (crt === undefined || key === undefined) {
    throw new Error("cluster.etcd.ca has no certificate with its key");
  }
  return { crt, key };
}

/** What this member shows to clients and to the other members. */
export async function issueEtcdMember(
  input: KubernetesInput,
  clock: Pick<Clock, "now">,
): Promise<PemPair> {
  return await (await Ca.load(etcdCa(input))).issuePair({
    algorithm: "ECDSA-P256",
    commonName: input.hostname,
    organizations: ["etcd"],
    names: [input.hostname, "localhost"],
    addresses: [...new Set([...input.addresses, "127.0.0.1", "::1"])],
    usages: ["server", "client"],
    validityMs: CERTIFICATE_LIFE_MS,
    clock,
  });
}

/** What machined itself shows. */
export async function issueEtcdClient(
  input: Pick<KubernetesInput, "config">,
  options: { readonly validityMs: number; readonly clock: Pick<Clock, "now"> },
): Promise<PemPair> {
  return await (await Ca.load(etcdCa(input))).issuePair({
    algorithm: "ECDSA-P256",
    commonName: "talos",
    usages: ["client"],
    ...options,
  });
}
