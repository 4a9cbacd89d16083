/**
 * What happened on the node: the last 1000 events, and whoever watches. A
 * watcher that falls behind a full ring is told so and ends; it never makes
 * the ring wait or grow.
 */
import {
  create,
  type DescMessage,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "#proto/machine_pb.ts";
import { AgentError } from "./errors.ts";
import { isXid, processXids } from "./xid.ts";

/** Where a watcher starts; at most one of the three may be set. */
export interface WatchOptions {
  /** So many of the past events; negative is all. */
  readonly tailEvents?: number;
  /** The events after this id. */
  readonly tailId?: string;
  /** The events of the last seconds. */
  readonly tailSeconds?: number;
  readonly signal: AbortSignal;
}

/** What can be wrong with a watch. */
export type EventProblem =
  | { kind: "options" }
  | { kind: "id"; id: string }
  | { kind: "lagged"; lost: number };

/** A watch that cannot start or go on. */
export class EventError extends AgentError<EventProblem> {
  override name = "EventError";

  constructor(problem: EventProblem) {
    super(problem, describe(problem));
  }
}

function describe(problem: EventProblem): string {
  switch (problem.kind) {
    case "options":
      return "Cannot watch events: tail_events, tail_id and tail_seconds exclude each other";
    case "id":
      return `Cannot watch events after "${problem.id}": not an event id`;
    case "lagged":
      return `Cannot go on watching events: reader too slow, ${problem.lost} events lost`;
  }
}

/** Takes events. */
export interface EventPublisher {
  /** `talos/runtime/<message name>` becomes the type of the event. */
  publish<D extends DescMessage>(
    schema: D,
    payload: MessageInitShape<D>,
  ): void;
}

/** An event as it is kept: it always has a payload. */
export type StoredEvent = Event & { readonly data: Any };

/** The events of a node. */
export interface EventStore extends EventPublisher {
  /**
   * Past events as the options say, then each new one until the signal aborts.
   *
   * @throws {EventError} at the first step or when the reader lags.
   */
  watch(options: WatchOptions): AsyncIterable<StoredEvent>;
}

/** How many events are kept. */
export const EVENTS_KEPT = 1000;
/** Past events given to a watcher, so that it is not overtaken at once. */
const GAP = 10;
const TYPE_PREFIX = "talos/runtime/";

/** See the top of the file. */
export class EventRing implements EventStore {
  readonly #ring: { event: StoredEvent; at: number }[] = [];
  readonly #now: () => number;
  readonly #nextId: () => string;
  /** Events ever published; the newest is number `#count - 1`. */
  #count = 0;
  #wake: (() => void)[] = [];

  constructor(options: { now?: () => number; nextId?: () => string } = {}) {
    this.#now = options.now ?? Date.now;
    this.#nextId = options.nextId ?? processXids(1);
  }

  publish<D extends DescMessage>(
    schema: D,
    payload: MessageInitShape<D>,
  ): void {
    const data = create(AnySchema, {
      typeUrl: TYPE_PREFIX + schema.typeName,
      value: toBinary(schema, create(schema, payload)),
    });
    const event = Object.assign(
      create(EventSchema, { id: this.#nextId() }),
      { data },
    );
    this.#ring[this.#count % EVENTS_KEPT] = { event, at: this.#now() };
    this.#count++;
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  async *watch(options: WatchOptions): AsyncGenerator<StoredEvent> {
    const { signal } = options;
    let next = this.#start(options);
    while (!signal.aborted) {
      if (next < this.#oldest) {
        throw new EventError({ kind: "lagged", lost: this.#oldest - next });
      }
      if (next < this.#count) yield this.#entry(next++).event;
      else await this.#published(signal);
    }
  }

  get #oldest(): number {
    return Math.max(0, this.#count - EVENTS_KEPT);
  }

  #entry(number: number) {
    return this.#ring[number % EVENTS_KEPT]!;
  }

  #start(options: WatchOptions): number {
    const { tailEvents = 0, tailId = "", tailSeconds = 0 } = options;
    const set = [tailEvents !== 0, tailId !== "", tailSeconds !== 0];
    if (set.filter(Boolean).length > 1) {
      throw new EventError({ kind: "options" });
    }
    const from = this.#oldest === 0 ? 0 : this.#oldest + GAP;
    if (tailEvents < 0) return from;
    if (tailEvents > 0) return Math.max(from, this.#count - tailEvents);
    if (tailId !== "") {
      if (!isXid(tailId)) throw new EventError({ kind: "id", id: tailId });
      return this.#first(from, ({ event }) => event.id > tailId);
    }
    if (tailSeconds > 0) {
      const since = this.#now() - tailSeconds * 1000;
      return this.#first(from, ({ at }) => at >= since);
    }
    return this.#count;
  }

  #first(
    from: number,
    wanted: (entry: { event: StoredEvent; at: number }) => boolean,
  ): number {
    let number = from;
    while (number < this.#count && !wanted(this.#entry(number))) number++;
    return number;
  }

  #published(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", aborted);
        resolve();
      };
      const aborted = () => {
        this.#wake = this.#wake.filter((wake) => wake !== done);
        resolve();
      };
      this.#wake.push(done);
      signal.addEventListener("abort", aborted, { once: true });
    });
  }
}
