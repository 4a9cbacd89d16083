/**
 * All services of the node: who is up, in which order they go, and what the
 * API may do to them. One service on its own is service.ts.
 */
import { type Clock, systemClock } from "#lib/clock.ts";
import { AgentError } from "#lib/errors.ts";
import type { EventPublisher } from "#lib/events.ts";
import type { Logger } from "#lib/log.ts";
import { ServiceStateEventSchema } from "#proto/machine_pb.ts";
import {
  type Condition,
  type Operation,
  Service,
  type ServiceSnapshot,
  type ServiceSpec,
} from "./service.ts";
import { STATES } from "./states.ts";

/** Why an operation on a service is refused. */
export type ServiceProblem =
  | { readonly kind: "unknown"; readonly id: string }
  | {
    readonly kind: "unsupported";
    readonly id: string;
    readonly operation: Operation;
  };

/** A refused operation; the texts are part of the API. */
export class ServiceError extends AgentError<ServiceProblem> {
  override name = "ServiceError";

  constructor(problem: ServiceProblem) {
    super(problem, describe(problem));
  }
}

function describe(problem: ServiceProblem): string {
  switch (problem.kind) {
    case "unknown":
      return `service "${problem.id}" is not registered`;
    case "unsupported":
      return `service "${problem.id}" doesn't support ${problem.operation} operation via API`;
  }
}

/** How long a stop waits for those that need the service. */
const DEPENDANTS_STOP_MS = 30_000;

/** What the supervisor works with. */
export interface SupervisorOptions {
  readonly events: EventPublisher;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** See the top of the file. */
export class Supervisor {
  readonly #services = new Map<string, Service>();
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  #closing = false;
  #waiters = new Set<() => void>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Registers a service; a second one of the same id changes nothing. */
  add(spec: ServiceSpec): void {
    if (this.#services.has(spec.id)) return;
    const service = new Service(spec, {
      clock: this.#clock,
      up: (id) => this.up(id),
      changed: ({ message, state }) => {
        this.#options.log.info(
          `service[${spec.id}](${state}): ${message}`,
        );
        this.#options.events.publish(ServiceStateEventSchema, {
          service: spec.id,
          action: STATES[state],
          message,
        });
        for (const wake of [...this.#waiters]) wake();
      },
    });
    this.#services.set(spec.id, service);
  }

  has(id: string): boolean {
    return this.#services.has(id);
  }

  /** Sorted by id. */
  list(): ServiceSnapshot[] {
    return [...this.#services.values()].map((service) => service.snapshot())
      .sort((a, b) => a.id < b.id ? -1 : 1);
  }

  /** Starts those that are not started; does not wait. */
  launch(ids: readonly string[]): void {
    if (this.#closing) return;
    for (const id of ids) this.#get(id).start();
  }

  /** The wait for `id` to be up. */
  up(id: string): Condition {
    return {
      description: `service "${id}" to be "up"`,
      holds: () => this.#services.get(id)?.up ?? false,
      wait: (signal) =>
        this.#until(() => this.#services.get(id)?.up ?? false, signal),
    };
  }

  /** Resolves when all of `ids` are up. */
  async allUp(ids: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#until(() => ids.every((id) => this.#get(id).up), signal);
  }

  /**
   * Stops `ids`, each after those of them that need it; waits at most 30 s for
   * those.
   */
  async stop(ids: readonly string[]): Promise<void> {
    const limit = AbortSignal.timeout(DEPENDANTS_STOP_MS);
    await Promise.all(ids.map(async (id) => {
      const service = this.#get(id);
      const dependants = ids.filter((other) => this.#needs(other, id))
        .map((other) => this.#get(other));
      await this.#until(() => dependants.every((other) => other.down), limit)
        .catch(() => {
          this.#options.log.warn(`stopping ${id} before those that need it`);
        });
      await service.stop();
    }));
  }

  /** {@linkcode stop} for all but `except`; nothing starts after that. */
  async stopAll(except: readonly string[] = []): Promise<void> {
    this.#closing = true;
    await this.stop(
      [...this.#services.keys()].filter((id) => !except.includes(id)),
    );
  }

  /** Ends the present run of `id`; the next follows at once. */
  async bounce(id: string): Promise<void> {
    await this.#get(id).bounce();
  }

  /** Adds to the events of a running service what its daemon noticed. */
  note(id: string, text: string): void {
    this.#services.get(id)?.note(text);
  }

  /** The API's door: only what the service allows. */
  async operate(operation: Operation, id: string): Promise<void> {
    const service = this.#get(id);
    if (!service.spec.operations?.includes(operation)) {
      throw new ServiceError({ kind: "unsupported", id, operation });
    }
    if (operation !== "start") await service.stop();
    if (operation !== "stop") this.launch([id]);
  }

  #needs(id: string, other: string): boolean {
    const { needs, runsIn = [] } = this.#get(id).spec;
    return needs.includes(other) || runsIn.includes(other);
  }

  #get(id: string): Service {
    const service = this.#services.get(id);
    if (!service) throw new ServiceError({ kind: "unknown", id });
    return service;
  }

  /** Resolves when `condition` holds after some change of some service. */
  #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", abort);
        end();
      };
      const wake = () => {
        if (condition()) settle(resolve);
      };
      const abort = () => settle(() => reject(signal.reason));
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      this.#waiters.add(wake);
      wake();
    });
  }
}
