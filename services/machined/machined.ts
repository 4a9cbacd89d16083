/**
 * The node: joins supervisor, sequencer, config and tasks, and decides when
 * which sequence runs. Everything that touches the machine comes in as an
 * option.
 */
import { orAborted } from "#lib/abort.ts";
import type { Clock } from "#lib/clock.ts";
import type { EffectiveConfig } from "#lib/config/mod.ts";
import type { EventRing } from "#lib/events.ts";
import type { Logger } from "#lib/log.ts";
import type { ServiceLogs } from "#lib/log_store.ts";
import type { Sys } from "#lib/sys/sys.ts";
import type { Manifest } from "#lib/worker/manifest.ts";
import type { Identity, NodeFacts } from "#lib/worker/protocol.ts";
import { ConfigStore, type HeldConfig } from "./config_store.ts";
import { Configurator } from "./configurator.ts";
import { CriFiles } from "./cri_files.ts";
import type { Files } from "./files.ts";
import { watchFacts, withoutPods } from "./facts.ts";
import {
  CaError,
  IdentityKeeper,
  type IdentityRequest,
  identityRequest,
} from "./identity.ts";
import type { EtcdControl } from "./etcd/control.ts";
import type { HealthChecks } from "./health.ts";
import {
  KubernetesUnits,
  type KubernetesUnitsOptions,
  UNIT_READERS,
} from "./kubernetes_units.ts";
import type { RecoverSource } from "./kubernetes/recover.ts";
import type { Upgrades } from "./kubernetes/upgrades.ts";
import { phasesOf, type SequenceName, type SequenceNode } from "./sequences.ts";
import { type RunOptions, SequenceError, Sequencer } from "./sequencer.ts";
import { PROCESS_RESTART } from "./supervisor/backoff.ts";
import type { Runner } from "./supervisor/runner.ts";
import type { WorkerRunner } from "./supervisor/runner_worker.ts";
import type { ServiceHost } from "./supervisor/service_host.ts";
import { Supervisor } from "./supervisor/supervisor.ts";
import { configTasks, type Environment, saveConfig } from "./tasks/config.ts";
import { cgroupTasks } from "./tasks/cgroups.ts";
import { etcTasks } from "./tasks/etc.ts";
import { overlayTasks } from "./tasks/overlays.ts";
import { powerTasks } from "./tasks/power.ts";
import { serviceTasks } from "./tasks/services.ts";
import { systemTasks } from "./tasks/system.ts";
import { userTasks } from "./tasks/user.ts";
import {
  CONTAINERD_CONFIG,
  CONTAINERD_HEALTH,
  containerdConfig,
} from "./units/containerd.ts";
import { criSpec, type CriSpecOptions } from "./units/cri.ts";
import { daemonsOf, daemonSpec, MAINTENANCE } from "./units/daemons.ts";
import { IDENTIFIED, workerConfig } from "./worker_config.ts";

/** What a node is made of. */
export interface MachinedOptions {
  readonly mode: "container" | "metal";
  readonly version: string;
  readonly pid: number;
  readonly manifests: readonly Manifest[];
  readonly hosts: ReadonlyMap<string, ServiceHost>;
  readonly sys: Sys;
  readonly files: Files;
  readonly clock: Clock;
  readonly env: Environment;
  readonly log: Logger;
  readonly logs: ServiceLogs;
  readonly events: EventRing;
  /** The facts of this moment. */
  readonly facts: () => NodeFacts;
  /** The config that the platform has for this node. */
  readonly fetchConfig: () => Promise<Uint8Array | undefined>;
  readonly issueIdentity: (request: IdentityRequest) => Promise<Identity>;
  readonly containerd: {
    readonly runner: () => Runner;
    readonly probe: (signal: AbortSignal) => Promise<void>;
  };
  readonly cri: Pick<CriSpecOptions, "runner" | "probe">;
  readonly pulled: KubernetesUnitsOptions["pulled"];
  readonly kubernetes: Pick<
    KubernetesUnitsOptions,
    "connect" | "probeEtcd" | "probeKubelet"
  >;
  /** A run of the machine API. */
  readonly apiRunner: () => Runner;
  /** Copies the lines of services, for `debug: true`. */
  readonly console: (line: string) => void;
  readonly exit: (code: number) => void;
}

/** A reply leaves through three daemons before they stop. */
export const REPLY_MS = 500;

/** See the top of the file. */
export class Machined {
  readonly supervisor: Supervisor;
  readonly configurator: Configurator;
  /** Once the node has a config. */
  readonly etcd: EtcdControl;
  readonly health: HealthChecks;
  readonly upgrades: Upgrades;
  readonly #options: MachinedOptions;
  readonly #store: ConfigStore;
  readonly #sequencer: Sequencer;
  /** The workers' present runs; those in the set have an old config. */
  readonly #workers = new Map<string, WorkerRunner>();
  readonly #outdated = new Set<string>();
  readonly #criFiles: CriFiles;
  readonly #units: KubernetesUnits;
  readonly #keeper: IdentityKeeper;
  readonly #life = new AbortController();
  #identity: Identity | undefined;
  #controlPlanes: readonly string[] = [];
  readonly #identityMade = Promise.withResolvers<void>();
  #goingDown = false;

  constructor(options: MachinedOptions) {
    const { events, log, clock, mode } = options;
    this.#options = options;
    this.#store = new ConfigStore({ mode, log });
    this.#criFiles = new CriFiles(options.files);
    this.#units = new KubernetesUnits({
      config: () => this.#store.held!.config,
      facts: () => this.#facts(),
      pulled: options.pulled,
      onControlPlanes: (addresses) => {
        this.#controlPlanes = addresses;
        this.#configure(IDENTIFIED);
      },
      ...options.kubernetes,
      ...{ files: options.files, clock, log },
    });
    this.supervisor = new Supervisor({ events, log, clock });
    const configured = () => this.#store.held !== undefined;
    this.etcd = this.#units.etcdControl({
      service: { stop: () => this.supervisor.stop(["etcd"]) },
      configured,
    });
    this.health = this.#units.healthChecks(configured);
    this.#sequencer = new Sequencer({
      events,
      log,
      clock,
      tasks: this.#tasks(),
    });
    this.configurator = new Configurator({
      store: this.#store,
      log,
      vet: (held) => this.#vet(held),
      readers: () => [...options.manifests, ...UNIT_READERS],
      busy: () => this.#sequencer.busy,
      save: (source) => saveConfig(options.files, source),
      applySequence: () => {
        for (const id of this.configurator.affected) this.#outdated.add(id);
        this.#followConfig();
        void this.#run("applyConfiguration");
      },
    });
    this.upgrades = this.#units.upgrades({
      ...{ configured, health: this.health, life: this.#life.signal },
      source: () => this.#store.held!.source,
      apply: (source) => this.configurator.apply(source, { noReboot: false }),
    });
    this.#keeper = new IdentityKeeper({
      issue: options.issueIdentity,
      push: (identity) => {
        this.#identity = identity;
        this.#identityMade.resolve();
        this.#configure(IDENTIFIED);
      },
      clock,
      log,
    });
    this.#addUnits();
  }

  /** The config in use, once there is one. */
  get config(): EffectiveConfig | undefined {
    return this.#store.held?.config;
  }

  /** Runs the node up to where it waits for events. Never rejects. */
  async start(): Promise<void> {
    const { clock } = this.#options;
    const facts = () => this.#facts();
    const changed = () => {
      this.#followIdentity();
      this.#units.changed();
      this.#configure([...this.#workers.keys()]);
    };
    void watchFacts({ facts, clock, changed }, this.#life.signal);
    if (!await this.#run("initialize")) return;
    this.#followConfig();
    if (await this.#run("boot") || this.#goingDown) return;
    // Whatever kept it from coming up, its API is how that is repaired.
    this.#startMaintenance();
  }

  /** Runs the shutdown sequence in the background, once. */
  shutdown(reason: string): void {
    const { log, clock, exit } = this.#options;
    if (this.#goingDown) return;
    this.#goingDown = true;
    log.info(`shutdown: ${reason}`);
    void (async () => {
      await clock.sleep(REPLY_MS);
      this.#life.abort(new Error("shutdown"));
      this.#keeper.stop();
      const ended = await this.#run("shutdown", { takeOver: true });
      // A sequence that could not end the node must not keep it half alive.
      if (!ended) exit(1);
    })();
  }

  /** Checks, then runs the recover sequence in the background. */
  async recover(source: RecoverSource): Promise<void> {
    if (!this.#store.held) throw new Error("this node has no config yet");
    await this.#units.wantRecover(source);
    void this.#run("recover");
  }

  /** Addresses of pods and services are the cluster's, not the node's. */
  #facts(): NodeFacts {
    const { podSubnets = [], serviceSubnets = [] } =
      this.#store.held?.config.cluster.network ?? {};
    return withoutPods(this.#options.facts(), [
      ...podSubnets,
      ...serviceSubnets,
    ]);
  }

  get #node(): SequenceNode {
    const type = this.#store.held?.config.machine.type ?? "join";
    return { mode: this.#options.mode, type, installed: false };
  }

  /** Whether the sequence ran to its end, or made way for another. */
  async #run(name: SequenceName, options?: RunOptions): Promise<boolean> {
    try {
      await this.#sequencer.run(name, phasesOf(name, this.#node), options);
      return true;
    } catch (thrown) {
      if (
        thrown instanceof SequenceError && thrown.problem.kind === "takenOver"
      ) return true;
      // The sequencer has logged and published it. In a container the node
      // stays up: whoever looks finds the reason in its log.
      return false;
    }
  }

  #tasks() {
    const { sys, files, log, events, clock, env, exit, pid } = this.#options;
    const machine = () => this.#store.held?.config.machine;
    const mounts = this.#options.manifests.flatMap((manifest) =>
      manifest.mounts.map(({ path }) => path)
    );
    return {
      ...systemTasks({ sys, files, log, mounts }),
      ...cgroupTasks({ files, log }),
      ...overlayTasks({ sys, files }),
      ...etcTasks({ sys, files, log, version: this.#options.version }),
      ...configTasks({
        store: this.#store,
        files,
        log,
        env,
        fetch: this.#options.fetchConfig,
        vet: (held) => this.#vet(held),
        startMaintenance: () => this.#startMaintenance(),
      }),
      ...userTasks({
        sys,
        files,
        log,
        userFiles: () => machine()?.files ?? [],
        sysctls: () => machine()?.sysctls ?? {},
      }),
      ...serviceTasks({
        supervisor: this.supervisor,
        hosts: [...this.#options.hosts.values()],
        log,
        register: () => this.#register(),
        outdated: () => this.#takeOutdated(),
        prepareContainerd: () =>
          files.write(
            CONTAINERD_CONFIG,
            new TextEncoder().encode(containerdConfig()),
            0o600,
          ),
      }),
      recover: (signal: AbortSignal) => this.#units.recover(signal),
      writeRegistries: async () => {
        const restart = await this.#criFiles.write(this.#store.held!.config);
        if (restart) this.#outdated.add("cri");
      },
      ...powerTasks({ sys, pid, clock, log, events, exit }),
    };
  }

  #addUnits(): void {
    const { apiRunner, containerd } = this.#options;
    this.supervisor.add({
      id: "machined",
      needs: [],
      runner: apiRunner,
      restart: PROCESS_RESTART,
    });
    this.supervisor.add({
      id: "containerd",
      needs: [],
      runner: containerd.runner,
      restart: PROCESS_RESTART,
      health: { policy: CONTAINERD_HEALTH, check: containerd.probe },
    });
  }

  /** Registers the daemons of the node; the ids of all its services. */
  #register(): string[] {
    const { manifests, mode, logs } = this.#options;
    const daemons = daemonsOf(manifests, this.#store.held && this.#node);
    const names = daemons.map(({ name }) => name);
    for (const manifest of daemons) {
      const host = this.#options.hosts.get(manifest.host);
      if (!host) continue;
      const { name } = manifest;
      this.supervisor.add(daemonSpec({
        manifest,
        host,
        mode,
        logs,
        exists: (id) => this.supervisor.has(id) || names.includes(id),
        config: () => this.#workerConfig(manifest),
        prepare: (signal) => this.#prepare(name, signal),
        onNotice: (text) => this.supervisor.note(name, text),
        onRunner: (runner) => this.#workers.set(name, runner),
      }));
    }
    return ["machined", "containerd", ...names, ...this.#registerUnits()];
  }

  /** Those for Kubernetes, which a node without a config has no use for. */
  #registerUnits(): string[] {
    if (!this.#store.held) return [];
    const units = [
      criSpec({
        ...this.#options.cri,
        config: () => this.#store.held!.config,
        write: (config) => this.#criFiles.write(config),
      }),
      ...this.#units.specs(this.#life.signal),
    ];
    for (const unit of units) this.supervisor.add(unit);
    return units.map(({ id }) => id);
  }

  #startMaintenance(): void {
    const ids = this.#register().filter((id) => MAINTENANCE.includes(id));
    for (const id of ids) this.#outdated.add(id);
    this.supervisor.launch(ids);
  }

  /** The services to restart for the config that has come, once. */
  #takeOutdated(): string[] {
    const ids = [...this.#outdated].filter((id) => this.supervisor.has(id));
    this.#outdated.clear();
    return ids;
  }

  #workerConfig(manifest: Manifest) {
    return workerConfig(manifest, {
      config: this.#store.held?.config,
      facts: this.#facts(),
      identity: this.#identity,
      controlPlanes: this.#controlPlanes,
    });
  }

  /** Gives running workers what is known now. */
  #configure(names: readonly string[]): void {
    for (const manifest of this.#options.manifests) {
      if (!names.includes(manifest.name)) continue;
      this.#workers.get(manifest.name)?.configure(this.#workerConfig(manifest));
    }
  }

  /** A control plane whose CA cannot issue could never be reached again. */
  async #vet({ config }: HeldConfig): Promise<void> {
    const request = identityRequest(config, this.#facts());
    try {
      if (request) await this.#options.issueIdentity(request);
    } catch (cause) {
      throw new CaError(cause);
    }
  }

  #followIdentity(): void {
    this.#keeper.follow(this.#identityRequest());
  }

  #identityRequest(): IdentityRequest | undefined {
    return identityRequest(this.#store.held?.config, this.#facts());
  }

  /** A control plane's apid and trustd wait for their certificate. */
  async #prepare(name: string, signal: AbortSignal): Promise<void> {
    if (!IDENTIFIED.includes(name) || !this.#identityRequest()) return;
    await orAborted(this.#identityMade.promise, signal);
  }

  /** What changes in PID 1 itself when a config comes. */
  #followConfig(): void {
    const { logs, console } = this.#options;
    logs.tee = this.#store.held?.config.debug
      ? (id, line) => id !== "machined" && console(`${id}: ${line}`)
      : undefined;
    this.#followIdentity();
    this.#units.changed();
  }
}
