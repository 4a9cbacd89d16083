/** The client against a server of canned answers. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ANSWER_BYTES_MAX,
  KubeClient,
  type KubeRequest,
  type KubeTransport,
} from "./client.ts";
import { isNotFound, isTransient, KubeError } from "./errors.ts";
import { type KubeNode, pathOf, RESOURCES } from "./resources.ts";

const signal = new AbortController().signal;

/** Answers in turn; keeps what it was asked. */
function serverOf(...answers: (string | [number, string])[]) {
  const asked: KubeRequest[] = [];
  const transport: KubeTransport = {
    send(request) {
      asked.push(request);
      const next = answers.shift() ?? [500, "no answer left"];
      const [status, text] = typeof next === "string" ? [200, next] : next;
      return Promise.resolve({ status, body: new Response(text).body });
    },
    close() {},
  };
  return { asked, client: new KubeClient(transport) };
}

const node = (name: string): KubeNode => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, resourceVersion: "7" },
});

Deno.test("paths of resources", () => {
  const { nodes, pods, endpointSlices } = RESOURCES;
  assertEquals(pathOf(nodes, { name: "a" }), "/api/v1/nodes/a");
  assertEquals(pathOf(pods), "/api/v1/pods");
  assertEquals(
    pathOf(endpointSlices, { namespace: "default", name: "k/8" }),
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/k%2F8",
  );
});

Deno.test("a list is read page by page", async () => {
  const { client, asked } = serverOf(
    JSON.stringify({
      items: [node("a")],
      metadata: { continue: "x&y" },
    }),
    JSON.stringify({
      items: [node("b")],
      metadata: { resourceVersion: "9" },
    }),
  );
  const { items, resourceVersion } = await client.list(
    RESOURCES.nodes,
    { labelSelector: "a=b" },
    signal,
  );
  assertEquals(items.map(({ metadata }) => metadata.name), ["a", "b"]);
  assertEquals(resourceVersion, "9");
  assertEquals(asked.map(({ path }) => path), [
    "/api/v1/nodes?labelSelector=a%3Db&limit=200",
    "/api/v1/nodes?labelSelector=a%3Db&limit=200&continue=x%26y",
  ]);
});

Deno.test("apply is a patch of our field manager", async () => {
  const { client, asked } = serverOf(JSON.stringify(node("a")));
  await client.apply(RESOURCES.nodes, node("a"), signal);
  const [request] = asked;
  assertEquals(request!.method, "PATCH");
  assertEquals(
    request!.path,
    "/api/v1/nodes/a?fieldManager=talos&force=true",
  );
  assertEquals(request!.contentType, "application/apply-patch+yaml");
  assertEquals(JSON.parse(request!.body!), node("a"));
});

Deno.test("a watch gives events, and its error as one", async () => {
  const lines = [
    JSON.stringify({ type: "ADDED", object: node("a") }),
    JSON.stringify({ type: "ERROR", object: { code: 410, message: "old" } }),
  ];
  const { client } = serverOf(lines.join("\n"));
  const seen: string[] = [];
  const thrown = await assertRejects(
    async () => {
      const options = { resourceVersion: "1" };
      for await (const e of client.watch(RESOURCES.nodes, options, signal)) {
        seen.push(`${e.type} ${e.object.metadata.name}`);
      }
    },
    KubeError,
    "Cannot watch nodes: old",
  );
  assertEquals(seen, ["ADDED a"]);
  assert(isTransient(thrown));
});

Deno.test("refusals have a kind, and the server's own words", async () => {
  const cases: [number, string, string][] = [
    [404, JSON.stringify({ message: 'nodes "a" not found' }), "notFound"],
    [401, "Unauthorized", "unauthorized"],
    [403, "{}", "forbidden"],
    [409, "{}", "conflict"],
    [429, "slow down", "unavailable"],
    [503, "", "unavailable"],
    [302, "", "answer"],
  ];
  for (const [status, text, kind] of cases) {
    const { client } = serverOf([status, text]);
    const thrown = await assertRejects(
      () => client.get(RESOURCES.nodes, { name: "a" }, signal),
      KubeError,
    );
    assertEquals(thrown.problem, { kind, status } as KubeError["problem"]);
    assertEquals(isNotFound(thrown), status === 404);
  }
  const { client } = serverOf([404, JSON.stringify({ message: "gone" })]);
  await client.remove(RESOURCES.nodes, { name: "a" }, signal);
});

Deno.test("an answer without an end is given up", async () => {
  let sent = 0;
  const transport: KubeTransport = {
    send: () =>
      Promise.resolve({
        status: 200,
        body: new ReadableStream({
          pull(controller) {
            sent += 1 << 20;
            controller.enqueue(new Uint8Array(1 << 20));
          },
        }),
      }),
    close() {},
  };
  await assertRejects(
    () => new KubeClient(transport).ready(signal).then(assert),
  );
  assert(sent < ANSWER_BYTES_MAX + (4 << 20));
});
