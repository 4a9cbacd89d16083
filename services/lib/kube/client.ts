/**
 * A thin client of the Kubernetes API: get, list, watch, apply (server-side,
 * as field manager `talos`), patch, delete. Objects are JSON as the API has
 * them. It knows neither sockets nor TLS: see transport.ts.
 */
import { type Cause, causesOf, kindOfStatus, KubeError } from "./errors.ts";
import { textLines } from "./lines.ts";
import { type KubeObject, pathOf, type Resource } from "./resources.ts";

/** One request, as the transport sends it. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the server's URL, with its query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal: AbortSignal;
}

/** An answer whose body is still to be read. */
export interface KubeAnswer {
  readonly status: number;
  readonly body: ReadableStream<Uint8Array> | null;
}

/** How requests reach the API server. */
export interface KubeTransport {
  /** @throws {KubeError} `unavailable` when nobody answers. */
  send(request: KubeRequest): Promise<KubeAnswer>;
  close(): void;
}

/** Where something is. */
export interface ObjectPlace {
  readonly namespace?: string;
  readonly name: string;
}

/** Which of a collection. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** An object that is not there yet, and need not have a name. */
export type NewObject<T extends KubeObject> = Omit<T, "metadata"> & {
  readonly metadata: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
  };
};

/** A change that a watch reports. */
export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}

/** Of one answer that is no stream, in bytes; the API server allows 3 MiB. */
export const ANSWER_BYTES_MAX = 8 << 20;
/** Of one line of a watch: an object of etcd has at most 1.5 MiB. */
const EVENT_BYTES_MAX = 4 << 20;
/** Objects of one page of a list. */
const PAGE_SIZE = 200;
/** Of one request that is no watch. */
const REQUEST_MS = 15_000;
/** A watch is begun again now and then, so that none is dead for long. */
const WATCH_SECONDS = 300;
const FIELD_MANAGER = "talos";

interface ListAnswer<T> {
  readonly items?: readonly T[];
  readonly metadata?: {
    readonly continue?: string;
    readonly resourceVersion?: string;
  };
}

/** See the top of the file. */
export class KubeClient {
  readonly #transport: KubeTransport;

  constructor(transport: KubeTransport) {
    this.#transport = transport;
  }

  close(): void {
    this.#transport.close();
  }

  /** Whether the API server says that it is ready. */
  async ready(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#text({ method: "GET", path: "/readyz", signal });
      return true;
    } catch (thrown) {
      if (thrown instanceof KubeError) return false;
      throw thrown;
    }
  }

  /** @throws {KubeError} `notFound` */
  async get<T extends KubeObject>(
    resource: Resource<T>,
    place: ObjectPlace,
    signal: AbortSignal,
  ): Promise<T> {
    const path = pathOf(resource, place);
    return await this.#json<T>({ method: "GET", path, signal });
  }

  /** All of them, page by page, and the version to watch from. */
  async list<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<{ items: T[]; resourceVersion: string }> {
    const items: T[] = [];
    let next: string | undefined;
    do {
      const path = `${pathOf(resource, selection)}?${
        query({
          ...selectors(selection),
          limit: String(PAGE_SIZE),
          continue: next,
        })
      }`;
      const page = await this.#json<ListAnswer<T>>({
        method: "GET",
        path,
        signal,
      });
      items.push(...page.items ?? []);
      next = page.metadata?.continue || undefined;
      if (next === undefined) {
        const resourceVersion = page.metadata?.resourceVersion ?? "";
        return { items, resourceVersion };
      }
    } while (items.length < LIST_MAX);
    throw new KubeError(
      { kind: "answer", status: 200 },
      `Cannot list ${resource.plural}: more than ${LIST_MAX}`,
    );
  }

  /** Changes after `resourceVersion`, until the server ends it. */
  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: Selection & { readonly resourceVersion: string },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const path = `${pathOf(resource, options)}?${
      query({
        ...selectors(options),
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion: options.resourceVersion,
        timeoutSeconds: String(WATCH_SECONDS),
      })
    }`;
    const answer = await this.#transport.send({ method: "GET", path, signal });
    if (answer.status !== 200) throw await refusal(answer, path);
    if (!answer.body) return;
    for await (const line of textLines(answer.body, EVENT_BYTES_MAX)) {
      const event = JSON.parse(line) as
        | WatchEvent<T>
        | { type: "ERROR"; object: { code?: number; message?: string } };
      if (event.type === "ERROR") {
        const status = event.object.code ?? 500;
        throw new KubeError(
          { kind: kindOfStatus(status), status },
          `Cannot watch ${resource.plural}: ${event.object.message}`,
        );
      }
      yield event;
    }
  }

  /** Makes the object so, whoever else has other wishes (server-side apply). */
  async apply(
    resource: Resource,
    object: KubeObject,
    signal: AbortSignal,
  ): Promise<KubeObject> {
    const { name, namespace } = object.metadata;
    const place = namespace === undefined ? { name } : { name, namespace };
    const path = `${pathOf(resource, place)}?${
      query({ fieldManager: FIELD_MANAGER, force: "true" })
    }`;
    return await this.#json<KubeObject>({
      method: "PATCH",
      path,
      body: JSON.stringify(object),
      contentType: "application/apply-patch+yaml",
      signal,
    });
  }

  /** Changes fields (JSON merge patch, RFC 7386). */
  async patch<T extends KubeObject>(
    resource: Resource<T>,
    place: ObjectPlace & {
      readonly change: unknown;
      readonly subresource?: string;
    },
    signal: AbortSignal,
  ): Promise<T> {
    const { change, subresource } = place;
    const path = pathOf(resource, place) +
      (subresource === undefined ? "" : `/${subresource}`);
    return await this.#json<T>({
      method: "PATCH",
      path,
      body: JSON.stringify(change),
      contentType: "application/merge-patch+json",
      signal,
    });
  }

  /** Makes it; the API server can name it, from `generateName`. */
  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: NewObject<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { namespace } = object.metadata;
    return await this.#json<T>({
      method: "POST",
      path: pathOf(resource, namespace === undefined ? {} : { namespace }),
      body: JSON.stringify(object),
      contentType: "application/json",
      signal,
    });
  }

  /** Posts to a subresource, for instance an eviction of a pod. */
  async createSubresource(
    resource: Resource,
    place: ObjectPlace & {
      readonly subresource: string;
      readonly object: unknown;
    },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#text({
      method: "POST",
      path: `${pathOf(resource, place)}/${place.subresource}`,
      body: JSON.stringify(place.object),
      contentType: "application/json",
      signal,
    });
  }

  /** Removes it; gone already is well. */
  async remove(
    resource: Resource,
    place: ObjectPlace,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const path = pathOf(resource, place);
      await this.#text({ method: "DELETE", path, signal });
    } catch (thrown) {
      const gone = thrown instanceof KubeError &&
        thrown.problem.kind === "notFound";
      if (!gone) throw thrown;
    }
  }

  /** What a group and version has, as discovery says it. */
  async resourcesOf(
    apiVersion: string,
    signal: AbortSignal,
  ): Promise<Resource[]> {
    const root = apiVersion.includes("/") ? "/apis" : "/api";
    const path = `${root}/${apiVersion}`;
    const answer = await this.#json<{
      resources?: { name: string; kind: string; namespaced: boolean }[];
    }>({ method: "GET", path, signal });
    return (answer.resources ?? [])
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, kind, namespaced }) => ({
        ...{ apiVersion, kind, namespaced },
        plural: name,
      }));
  }

  async #json<T>(request: KubeRequest): Promise<T> {
    const text = await this.#text(request);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new KubeError(
        { kind: "answer", status: 200 },
        `Cannot read the answer to ${request.method} ${request.path}`,
        { cause },
      );
    }
  }

  async #text(request: KubeRequest): Promise<string> {
    const limit = AbortSignal.timeout(REQUEST_MS);
    const signal = AbortSignal.any([request.signal, limit]);
    const answer = await this.#transport.send({ ...request, signal });
    if (answer.status >= 300) {
      throw await refusal(answer, `${request.method} ${request.path}`);
    }
    return await bodyText(answer);
  }
}

/** Objects of one list; clusters of the seed have a few hundred nodes. */
const LIST_MAX = 20_000;

function selectors({ labelSelector, fieldSelector }: Selection) {
  return { labelSelector, fieldSelector };
}

function query(values: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(values)
    .filter((pair): pair is [string, string] => pair[1] !== undefined);
  return new URLSearchParams(set).toString();
}

async function bodyText({ body, status }: KubeAnswer): Promise<string> {
  if (!body) return "";
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  // Leaving the loop cancels the stream.
  for await (const piece of body) {
    size += piece.length;
    if (size > ANSWER_BYTES_MAX) {
      throw new KubeError(
        { kind: "answer", status },
        `an answer of more than ${ANSWER_BYTES_MAX} bytes`,
      );
    }
    pieces.push(piece.slice());
  }
  return await new Blob(pieces).text();
}

/** The error that an answer is. */
async function refusal(answer: KubeAnswer, what: string): Promise<KubeError> {
  const { status } = answer;
  const text = await bodyText(answer).catch(() => "");
  let said = text.slice(0, 200);
  let causes: Cause[] = [];
  try {
    const answered = JSON.parse(text) as {
      message?: string;
      details?: { causes?: unknown };
    };
    said = answered.message ?? said;
    causes = causesOf(answered.details?.causes);
  } catch {
    // Not everything in front of an API server speaks JSON.
  }
  return new KubeError(
    {
      ...{ kind: kindOfStatus(status), status },
      ...causes.length > 0 && { causes },
    },
    `API server: ${what}: ${status} ${said.trim()}`,
  );
}
