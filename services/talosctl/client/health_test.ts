/** The client's own look at a cluster: real TLS and gRPC, pretend nodes. */
import { assertEquals, assertRejects } from "@std/assert";
import { stringify } from "@std/yaml";
import { gzipSync } from "node:zlib";
import { concatBytes } from "#lib/bytes.ts";
import { systemClock } from "#lib/clock.ts";
import { FakeView, PAIR } from "#lib/health/fake_view.ts";
import { HealthError, healthText } from "#lib/health/wait.ts";
import { Ca, issueAdmin } from "#lib/pki/ca.ts";
import { tlsKey } from "#lib/pki/mod.ts";
import { TAR_END, tarFile } from "#lib/tar/header.ts";
import { FakeApiServer } from "#tests/fake_api_server.ts";
import { type Answer, FakeNode } from "#tests/talosctl.ts";
import { type ClientHealthOptions, waitForHealth } from "./health.ts";

/** A gzipped tar of one file. */
function archive(path: string, text: string): string {
  const file = tarFile({ path, mode: 0o600 }, new TextEncoder().encode(text));
  return new Uint8Array(gzipSync(concatBytes([file, TAR_END]))).toBase64();
}

function kubeconfigOf({ kube }: FakeApiServer): string {
  return stringify({
    clusters: [{
      name: "c",
      cluster: {
        server: kube.url,
        "certificate-authority-data": btoa(kube.ca),
      },
    }],
    users: [{
      name: "u",
      user: {
        "client-certificate-data": btoa(kube.crt),
        "client-key-data": btoa(kube.key),
      },
    }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}

const HEALTHY = { healthy: true };

/** What every node answers, in one. */
function answersWith(api: FakeApiServer): Record<string, Answer> {
  const service = "machine.MachineService";
  return {
    [`${service}/Version`]: { messages: [{}] },
    [`${service}/ServiceList`]: {
      messages: [{
        services: [
          { id: "etcd", state: "Running", health: HEALTHY },
          { id: "kubelet", state: "Running", health: HEALTHY },
          { id: "bootkube", state: "Finished", health: { unknown: true } },
        ],
      }],
    },
    [`${service}/EtcdMemberList`]: {
      messages: [{
        members: [{
          ...{ id: "1", hostname: "cp0" },
          peerUrls: ["https://10.5.0.2:2380"],
        }],
      }],
    },
    [`${service}/Kubeconfig`]: [{
      bytes: archive("/kubeconfig", kubeconfigOf(api)),
    }],
  };
}

async function setUp(change: (view: FakeView) => void = () => {}) {
  const view = new FakeView();
  change(view);
  const api = await FakeApiServer.start();
  for (const node of view.nodeList) api.nodes.set(node.metadata.name, node);
  for (const pod of view.podList) api.pods.set(pod.metadata.name, pod);
  const node = await FakeNode.start({ answers: answersWith(api) });
  const { crt, key } = await issueAdmin(await Ca.load(node.ca));
  const options: ClientHealthOptions = {
    endpoints: [
      // Nobody is there: the next one answers.
      { host: "127.0.0.1", port: 1 },
      { host: "127.0.0.1", port: node.port },
    ],
    tls: { ca: node.ca.crt, crt, key: tlsKey(key) },
    cluster: PAIR,
    timeoutMs: 30_000,
    clock: systemClock,
    signal: new AbortController().signal,
  };
  const said: string[] = [];
  return {
    ...{ node, options, said },
    wait: (rest: Partial<ClientHealthOptions> = {}) =>
      waitForHealth(
        { ...options, ...rest },
        (news) => void said.push(healthText(news)),
      ),
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

Deno.test("health by the client: well, through the endpoint that answers", async () => {
  await using run = await setUp();
  await run.wait();
  assertEquals(
    run.said.at(-1),
    "waiting for all k8s nodes to report schedulable: OK",
  );
  const asked = new Set(run.node.seen.flatMap(({ nodes }) => nodes));
  assertEquals(asked, new Set(["10.5.0.2", "10.5.0.3"]));
  const made = run.node.seen.filter((one) => /Kubeconfig/.test(one.method));
  assertEquals(made.length, 1);
});

Deno.test("health by the client: what is not well is named", async () => {
  await using run = await setUp((view) => view.podList.pop());
  await assertRejects(
    () => run.wait({ timeoutMs: 2_000 }),
    HealthError,
    "waiting for coredns to report ready: there is no pod of coredns",
  );
});

Deno.test("health by the client: another API server may be named", async () => {
  await using run = await setUp();
  await assertRejects(
    () => run.wait({ timeoutMs: 2_000, kubernetesUrl: "https://127.0.0.1:1" }),
    HealthError,
    "Cannot reach the API server at https://127.0.0.1:1",
  );
});
