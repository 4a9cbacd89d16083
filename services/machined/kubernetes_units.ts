/**
 * The services of a node that are there for Kubernetes, and what keeps the
 * cluster as the config has it. Made anew for each node with a config.
 */
import type { Clock } from "#lib/clock.ts";
import type { ConfigReader, EffectiveConfig } from "#lib/config/mod.ts";
import { fetchManifest } from "#lib/kube/manifests.ts";
import type { KubeTransport } from "#lib/kube/client.ts";
import type { KubeServer } from "#lib/kube/transport.ts";
import type { Logger } from "#lib/log.ts";
import { HOUR_MS } from "#lib/pki/mod.ts";
import type { NodeFacts } from "#lib/worker/protocol.ts";
import type { Files } from "./files.ts";
import { HealthChecks } from "./health.ts";
import { AdminClient } from "./kubernetes/admin.ts";
import { writeCniConfig } from "./kubernetes/cni_writer.ts";
import { watchControlPlanes } from "./kubernetes/control_planes.ts";
import type { KubernetesInput } from "./kubernetes/input.ts";
import { ControlPlaneKeeper } from "./kubernetes/keeper.ts";
import {
  checkRecover,
  recover,
  type RecoverOptions,
  type RecoverSource,
} from "./kubernetes/recover.ts";
import { Upgrades, type UpgradesOptions } from "./kubernetes/upgrades.ts";
import type { ServiceSpec } from "./supervisor/service.ts";
import { EtcdClient } from "./etcd/client.ts";
import { EtcdControl, type EtcdControlOptions } from "./etcd/control.ts";
import { etcdPeers } from "./etcd/peers.ts";
import { etcdCa, issueEtcdClient } from "./etcd/pki.ts";
import { EtcdRecovery } from "./etcd/recovery.ts";
import { BootstrapWish } from "./etcd/wish.ts";
import { bootkubeSpec } from "./units/bootkube.ts";
import { etcdSpec } from "./units/etcd.ts";
import { kubeletSpec } from "./units/kubelet.ts";
import type { PulledNode } from "./units/pulled.ts";

/** What of the config starts a service anew. */
export const UNIT_READERS: readonly ConfigReader[] = [
  {
    name: "kubelet",
    config: [
      "machine.kubelet",
      "machine.env",
      "cluster.allowSchedulingOnMasters",
      "cluster.ca",
      "cluster.controlPlane.endpoint",
      "cluster.network",
      "cluster.token",
    ],
  },
  { name: "etcd", config: ["cluster.etcd"] },
];

/** What the units work with. */
export interface KubernetesUnitsOptions {
  readonly config: () => EffectiveConfig;
  readonly facts: () => NodeFacts;
  /** The CRI containerd's name spaces: etcd is in the first. */
  readonly pulled: {
    readonly system: PulledNode;
    readonly kubernetes: PulledNode;
  };
  readonly connect: (server: KubeServer) => KubeTransport;
  readonly probeKubelet: (signal: AbortSignal) => Promise<void>;
  readonly probeEtcd: (signal: AbortSignal) => Promise<void>;
  /** On a worker: told the control planes, and each change of them. */
  readonly onControlPlanes: (addresses: readonly string[]) => void;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
}

/** See the top of the file. */
export class KubernetesUnits {
  readonly #options: KubernetesUnitsOptions;
  readonly #keeper: ControlPlaneKeeper;
  #keeping = false;
  readonly #loops = new Set<string>();
  #recoverSource: RecoverSource = "apiserver";
  readonly #wish = new BootstrapWish();
  readonly #recovery: EtcdRecovery;

  constructor(options: KubernetesUnitsOptions) {
    const { clock, log, files, connect } = options;
    this.#options = options;
    this.#recovery = new EtcdRecovery({ files });
    this.#keeper = new ControlPlaneKeeper({
      input: () => this.#input(),
      admin: new AdminClient({ clock, connect }),
      ...{ files, clock, log, fetchManifest },
    });
  }

  #input(): KubernetesInput {
    const { hostname, addresses, mode } = this.#options.facts();
    const config = this.#options.config();
    return { config, hostname, addresses, mode };
  }

  /** The services, in the order in which they need each other. */
  specs(signal: AbortSignal): ServiceSpec[] {
    const { files, clock, log, pulled, probeKubelet } = this.#options;
    const input = () => this.#input();
    const kubelet = kubeletSpec(
      { input, files, probe: probeKubelet, connect: this.#options.connect },
      pulled.kubernetes,
    );
    if (input().config.cluster.network.cni.name === "flannel") {
      this.#once("cni", () => writeCniConfig({ files, clock, log }, signal));
    }
    if (input().config.machine.type === "join") {
      const { connect, onControlPlanes: changed } = this.#options;
      const watch = { input, connect, files, clock, changed };
      this.#once("controlPlanes", () => watchControlPlanes(watch, signal));
      return [kubelet];
    }
    const bootkube = bootkubeSpec({
      ...{ keeper: this.#keeper, clock, log },
      isDone: () => this.#keeping,
      onDone: () => this.#keep(signal),
    });
    return [this.#etcd(), kubelet, bootkube];
  }

  /** What the API does with etcd, before there is a config too. */
  etcdControl({ service, configured }: {
    readonly service: EtcdControlOptions["service"];
    readonly configured: () => boolean;
  }): EtcdControl {
    const { files, clock, connect } = this.#options;
    const input = () => this.#input();
    return new EtcdControl({
      ...{ files, service, wish: this.#wish, recovery: this.#recovery },
      input: () => configured() ? input() : undefined,
      peers: etcdPeers({ input, connect, clock }),
      open: async (host) => {
        const life = { validityMs: HOUR_MS, clock };
        const pair = await issueEtcdClient(input(), life);
        return new EtcdClient({ host, ca: etcdCa(input()).crt, ...pair });
      },
    });
  }

  /** Of the whole cluster; before there is a config they are refused. */
  healthChecks(configured: () => boolean): HealthChecks {
    const { clock, connect } = this.#options;
    const input = () => configured() ? this.#input() : undefined;
    return new HealthChecks({ input, connect, clock });
  }

  /** Of Kubernetes; before there is a config they are refused. */
  upgrades(
    options:
      & Pick<UpgradesOptions, "apply" | "health" | "life" | "source">
      & { readonly configured: () => boolean },
  ): Upgrades {
    const { clock, connect, log, pulled } = this.#options;
    return new Upgrades({
      ...{ ...options, clock, connect, log },
      input: () => options.configured() ? this.#input() : undefined,
      pull: (image, call) => pulled.kubernetes.images.provideOnce(image, call),
      keeperProblem: () => this.#keeper.problem,
    });
  }

  /** Rejects when there is nothing to recover from. */
  async wantRecover(source: RecoverSource): Promise<void> {
    await checkRecover(source, this.#recover());
    this.#recoverSource = source;
  }

  /** From what was wanted last. */
  async recover(signal: AbortSignal): Promise<void> {
    await recover(this.#recoverSource, this.#recover(), signal);
  }

  #recover(): RecoverOptions {
    const { connect, probeEtcd, clock } = this.#options;
    const input = () => this.#input();
    return { input, connect, probeEtcd, clock, keeper: this.#keeper };
  }

  #etcd(): ServiceSpec {
    const { files, clock, log, pulled, connect, probeEtcd } = this.#options;
    const input = () => this.#input();
    return etcdSpec({
      ...{ input, files, clock, log, probe: probeEtcd },
      recovery: this.#recovery,
      peers: etcdPeers({ input, connect, clock }),
      bootstrap: {
        wanted: () => this.#wish.wanted(input().config.machine.type === "init"),
        asked: () => this.#wish.asked(),
      },
    }, pulled.system);
  }

  /** The config, a name or an address is another. */
  changed(): void {
    this.#keeper.changed();
  }

  /** What goes on until the node stops; each config asks for it again. */
  #once(name: string, loop: () => Promise<void>): void {
    if (this.#loops.has(name)) return;
    this.#loops.add(name);
    void loop();
  }

  #keep(signal: AbortSignal): void {
    if (this.#keeping) return;
    this.#keeping = true;
    void this.#keeper.keep(signal);
  }
}
