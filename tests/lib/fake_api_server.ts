/**
 * An API server of Kubernetes on loopback, as far as nodes and evictions go:
 * objects in memory, list by node or app, merge patches of nodes, evictions
 * that a test decides about.
 */
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Ca, generateCa } from "#lib/pki/mod.ts";
import { KubeClient } from "#lib/kube/client.ts";
import type { KubeNode, Pod } from "#lib/kube/resources.ts";
import { type KubeServer, kubeTransport } from "#lib/kube/transport.ts";

/** What an eviction is answered with. */
export interface Verdict {
  readonly status: number;
  readonly body?: unknown;
}

/** A pod of `node`, running. */
export function podOn(
  node: string,
  name: string,
  metadata: Partial<Pod["metadata"]> = {},
): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", uid: `uid-${name}`, ...metadata },
    spec: { nodeName: node },
    status: { phase: "Running" },
  };
}

type Json = Record<string, unknown>;

/** RFC 7386. */
function merged(target: unknown, change: unknown): unknown {
  if (typeof change !== "object" || change === null) return change;
  const result: Json = { ...(target ?? {}) as Json };
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

/** See the top of the file. */
export class FakeApiServer implements AsyncDisposable {
  readonly nodes = new Map<string, KubeNode>();
  readonly pods = new Map<string, Pod>();
  /** The bodies of evictions, by the pod's name. */
  readonly evictions: { name: string; body: Json }[] = [];
  /** Decides about an eviction; 201 also removes the pod. */
  verdict: (name: string) => Verdict = () => ({ status: 201 });
  /** How clients reach it. */
  readonly kube: KubeServer & { readonly crt: string; readonly key: string };
  readonly client: KubeClient;
  readonly #server: Server;

  private constructor(server: Server, kube: FakeApiServer["kube"]) {
    this.#server = server;
    this.kube = kube;
    this.client = new KubeClient(kubeTransport(kube));
  }

  static async start(): Promise<FakeApiServer> {
    const ca = await Ca.load(
      await generateCa({ kind: "kubernetes", algorithm: "ECDSA-P256" }),
    );
    const { crt: cert, key } = await ca.issuePair({
      ...{ algorithm: "ECDSA-P256", addresses: ["127.0.0.1"] },
      usages: ["server"],
    });
    const server = createServer({ cert, key });
    await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
    const { port } = server.address() as AddressInfo;
    const mine = await ca.issuePair({
      ...{ algorithm: "ECDSA-P256", usages: ["client"] },
    });
    const url = `https://127.0.0.1:${port}`;
    const fake = new FakeApiServer(server, { url, ca: ca.crt, ...mine });
    server.on("request", (request, response) => {
      void fake.#answer(request, response);
    });
    return fake;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(() => done()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse) {
    let text = "";
    for await (const piece of request) text += piece;
    const body = (text === "" ? {} : JSON.parse(text)) as Json;
    const { status, body: answer = {} } = this.#decide(request, body);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  }

  /** By the one field and the one label that clients here select by. */
  #pods(search: URLSearchParams): Pod[] {
    const field = search.get("fieldSelector");
    const label = search.get("labelSelector");
    return [...this.pods.values()].filter(({ spec, metadata }) =>
      (field === null || field === `spec.nodeName=${spec?.nodeName}`) &&
      (label === null || label === `k8s-app=${metadata.labels?.["k8s-app"]}`)
    );
  }

  #decide(request: IncomingMessage, body: Json): Verdict {
    const { pathname, searchParams } = new URL(request.url!, "https://x");
    const parts = pathname.split("/").slice(1);
    const name = parts.at(-1)!;
    if (pathname.startsWith("/api/v1/nodes/")) {
      const node = this.nodes.get(name);
      if (!node) return { status: 404, body: { message: "no such node" } };
      if (request.method === "PATCH") {
        this.nodes.set(name, merged(node, body) as KubeNode);
      }
      return { status: 200, body: this.nodes.get(name) };
    }
    if (pathname === "/api/v1/nodes") {
      const items = [...this.nodes.values()];
      return { status: 200, body: { items, metadata: {} } };
    }
    if (/^\/api\/v1\/(namespaces\/[^/]+\/)?pods$/.test(pathname)) {
      const items = this.#pods(searchParams);
      return { status: 200, body: { items, metadata: {} } };
    }
    if (name === "eviction" && request.method === "POST") {
      const pod = parts.at(-2)!;
      this.evictions.push({ name: pod, body });
      const verdict = this.verdict(pod);
      if (verdict.status === 201) this.pods.delete(pod);
      return verdict;
    }
    return { status: 404, body: { message: `nothing at ${pathname}` } };
  }
}
