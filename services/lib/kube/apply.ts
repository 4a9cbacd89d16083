/**
 * Applies many objects: each by server-side apply, in order, and those that
 * were too early (a namespace or a kind that is still to come) once more.
 */
import { isNotFound, KubeError } from "./errors.ts";
import type { KubeClient } from "./client.ts";
import type { KubeObject, Resource } from "./resources.ts";

/** An object that the API server did not take. */
export interface Rejected {
  readonly object: KubeObject;
  readonly error: unknown;
}

/** As in `DaemonSet kube-system/kube-proxy`. */
export function nameOf({ kind, metadata }: KubeObject): string {
  const { namespace, name } = metadata;
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** Knows where the kinds of one cluster are, asking once for each group. */
class Kinds {
  readonly #client: KubeClient;
  readonly #groups = new Map<string, Promise<Resource[]>>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  async find(object: KubeObject, signal: AbortSignal): Promise<Resource> {
    const { apiVersion, kind } = object;
    let group = this.#groups.get(apiVersion);
    if (!group) {
      group = this.#client.resourcesOf(apiVersion, signal);
      this.#groups.set(apiVersion, group);
    }
    try {
      const found = (await group).find((one) => one.kind === kind);
      if (found) return found;
    } catch (thrown) {
      this.#groups.delete(apiVersion);
      throw thrown;
    }
    // A definition that was just applied may bring it.
    this.#groups.delete(apiVersion);
    throw new KubeError(
      { kind: "notFound", status: 404 },
      `the API server has no kind ${kind} of ${apiVersion}`,
    );
  }
}

/** Turns over what was too early. */
const TURNS = 3;

async function applyOne(
  object: KubeObject,
  { client, kinds, signal }: {
    readonly client: KubeClient;
    readonly kinds: Kinds;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const resource = await kinds.find(object, signal);
  const { metadata } = object;
  const placed = resource.namespaced && metadata.namespace === undefined
    ? { ...object, metadata: { ...metadata, namespace: "default" } }
    : object;
  await client.apply(resource, placed, signal);
}

/**
 * Applies all of `objects`; what was rejected is returned. Rejects when nobody
 * answers or the signal aborts: then nothing more was tried.
 */
export async function applyAll(
  objects: readonly KubeObject[],
  client: KubeClient,
  signal: AbortSignal,
): Promise<Rejected[]> {
  const kinds = new Kinds(client);
  const refused: Rejected[] = [];
  let pending = objects;
  for (let turn = 1;; turn++) {
    const early: Rejected[] = [];
    for (const object of pending) {
      try {
        await applyOne(object, { client, kinds, signal });
      } catch (error) {
        signal.throwIfAborted();
        const answered = error instanceof KubeError &&
          error.problem.kind !== "unavailable";
        if (!answered) throw error;
        (isNotFound(error) ? early : refused).push({ object, error });
      }
    }
    // Nothing to wait for, or nothing that came of waiting.
    if (
      early.length === 0 || early.length === pending.length || turn === TURNS
    ) {
      return [...refused, ...early];
    }
    pending = early.map(({ object }) => object);
  }
}
