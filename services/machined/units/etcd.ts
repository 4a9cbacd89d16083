/**
 * etcd: a container in the system name space, on control planes. Its data
 * outlive it; what it becomes a member of is decided before each run.
 */
import type { Clock } from "#lib/clock.ts";
import { imageSpec, nodeBind } from "#lib/containerd/image_spec.ts";
import { orAborted } from "#lib/abort.ts";
import { chainOf } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import {
  type EtcdPeers,
  type InitialCluster,
  KNOWN_CLUSTER,
  newCluster,
  promoteSelf,
  type Self,
  tryJoin,
} from "../etcd/membership.ts";
import { ETCD_PATHS, ETCD_PORTS, etcdUrl } from "../etcd/paths.ts";
import { etcdCa, issueEtcdMember } from "../etcd/pki.ts";
import type { EtcdRecovery } from "../etcd/recovery.ts";
import type { Files } from "../files.ts";
import { type KubernetesInput, nodeAddress } from "../kubernetes/input.ts";
import type { ServiceSpec } from "../supervisor/service.ts";
import { runRestore } from "./etcd_restore.ts";
import { type PulledNode, pulledSpec } from "./pulled.ts";

/** What {@linkcode etcdSpec} works with. */
export interface EtcdOptions {
  readonly input: () => KubernetesInput;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  readonly peers: EtcdPeers;
  /** Whether this node is to be the first; settles when that is asked for. */
  readonly bootstrap: {
    readonly wanted: () => boolean;
    readonly asked: () => Promise<void>;
  };
  readonly recovery: Pick<EtcdRecovery, "carryOut" | "tidy">;
  /** Rejects when it is not well. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
}

const HEALTH = { initialDelayMs: 1_000, everyMs: 5_000, timeoutMs: 5_000 };
const JOIN_AGAIN_MS = 2_000;

/** Flags that decide what it is; extraArgs may not repeat them. */
const OWN_FLAGS =
  /^(name|data-dir|listen-.*-urls|initial-.*|advertise-.*|cert-file|key-file|trusted-ca-file|client-cert-auth|peer-.*)$/;

/** The member that this node is. */
export function selfOf(input: KubernetesInput): Self {
  const peerUrl = etcdUrl(nodeAddress(input), ETCD_PORTS.peer);
  return { name: input.hostname, peerUrl };
}

/** The command line. */
export function etcdArgs(
  input: KubernetesInput,
  { members, state }: InitialCluster,
): string[] {
  const any = nodeAddress(input).includes(":") ? "::" : "0.0.0.0";
  const { name, peerUrl } = selfOf(input);
  const flags: Record<string, string> = {
    "name": name,
    "data-dir": ETCD_PATHS.data,
    "listen-peer-urls": etcdUrl(any, ETCD_PORTS.peer),
    "listen-client-urls": etcdUrl(any, ETCD_PORTS.client),
    "listen-metrics-urls": `http://127.0.0.1:${ETCD_PORTS.metrics}`,
    "initial-advertise-peer-urls": peerUrl,
    "advertise-client-urls": etcdUrl(nodeAddress(input), ETCD_PORTS.client),
    ...members === "" ? {} : { "initial-cluster": members },
    "initial-cluster-state": state,
    "client-cert-auth": "true",
    "cert-file": ETCD_PATHS.crt,
    "key-file": ETCD_PATHS.key,
    "trusted-ca-file": ETCD_PATHS.ca,
    "peer-client-cert-auth": "true",
    "peer-cert-file": ETCD_PATHS.crt,
    "peer-key-file": ETCD_PATHS.key,
    "peer-trusted-ca-file": ETCD_PATHS.ca,
  };
  const extra = Object.entries(input.config.cluster.etcd.extraArgs ?? {})
    .filter(([flag]) => !OWN_FLAGS.test(flag));
  return [
    "/usr/local/bin/etcd",
    ...[...Object.entries(flags), ...extra]
      .map(([flag, value]) => `--${flag}=${value}`),
  ];
}

/** Writes the certificates; new ones at each start. */
async function writePki({ input, files, clock }: EtcdOptions): Promise<void> {
  const { crt, key } = await issueEtcdMember(input(), clock);
  await files.mkdir(ETCD_PATHS.pki, 0o700);
  await files.mkdir(ETCD_PATHS.data, 0o700);
  const encode = (text: string) => new TextEncoder().encode(text);
  await files.replace(ETCD_PATHS.ca, encode(etcdCa(input()).crt), 0o400);
  await files.replace(ETCD_PATHS.crt, encode(crt), 0o400);
  await files.replace(ETCD_PATHS.key, encode(key), 0o400);
}

/** The run that is prepared. */
interface Preparing {
  readonly node: PulledNode;
  readonly signal: AbortSignal;
  readonly tell: (text: string) => void;
}

/** Restores the snapshot that a bootstrap has ordered, if one has. */
async function restored(
  { input, recovery }: EtcdOptions,
  { node, signal, tell }: Preparing,
): Promise<boolean> {
  const { image: name } = input().config.cluster.etcd;
  try {
    return await recovery.carryOut(async (what) => {
      tell(`Restoring ${what.snapshot}`);
      // It is there: whoever prepares a run has waited for it.
      const image = await node.images.provide(name, { tell, signal });
      const self = selfOf(input());
      await runRestore(what, { node, image, self, signal });
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new Error("Cannot restore the snapshot", { cause });
  }
}

/** Waits until this node is a member of something. */
async function findCluster(
  options: EtcdOptions,
  preparing: Preparing,
): Promise<InitialCluster> {
  const { input, files, clock, peers, bootstrap, recovery } = options;
  const { signal, tell } = preparing;
  const found = await files.realPath(`${ETCD_PATHS.data}/member`);
  await recovery.tidy({ hasData: found !== undefined });
  if (found !== undefined) return KNOWN_CLUSTER;
  for (let said = "";;) {
    const joined = await tryJoin(peers, selfOf(input()), signal);
    // Asked first: a node that was told to bootstrap long ago and lost its
    // data must not begin a second cluster beside one that lives.
    if ("members" in joined) {
      await recovery.tidy({ hasData: true });
      return joined;
    }
    if (await restored(options, preparing)) return KNOWN_CLUSTER;
    if (bootstrap.wanted()) return newCluster(selfOf(input()));
    if (joined.why !== said) {
      tell(`Waiting to join, or for bootstrap: ${joined.why}`);
    }
    said = joined.why;
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const slept = clock.sleep(JOIN_AGAIN_MS, either).catch(() => {});
    await orAborted(Promise.race([slept, bootstrap.asked()]), signal);
    over.abort(new Error("woken"));
  }
}

/** It as a service. */
export function etcdSpec(options: EtcdOptions, node: PulledNode): ServiceSpec {
  const { input, clock, log, peers, probe } = options;
  let cluster = KNOWN_CLUSTER;
  let promotion = new AbortController();
  return pulledSpec({
    id: "etcd",
    needs: ["cri", "networkd"],
    image: () => input().config.cluster.etcd.image,
    prepare: async (signal, tell) => {
      promotion.abort(new Error("another run"));
      promotion = new AbortController();
      await writePki(options);
      cluster = await findCluster(options, { node, signal, tell });
      const either = AbortSignal.any([signal, promotion.signal]);
      void promoteSelf(peers, selfOf(input()), { clock, signal: either })
        .catch((thrown) => log.warn(`etcd: ${chainOf(thrown)}`));
      return "run";
    },
    spec: () =>
      imageSpec({
        args: etcdArgs(input(), cluster),
        env: { ETCD_LOG_LEVEL: "warn", ...input().config.machine.env },
        capabilities: [],
        share: ["network"],
        mounts: [
          nodeBind(ETCD_PATHS.data, "rw"),
          nodeBind(ETCD_PATHS.pki, "ro"),
        ],
        cgroupsPath: "/podruntime/etcd",
        readonlyRoot: true,
        noNewPrivileges: true,
      }),
    health: { policy: HEALTH, check: probe },
    // After it has left: it joins again when it is told to.
    operations: ["start"],
  }, node);
}
