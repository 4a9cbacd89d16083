/** What keeps a node out of its cluster, against servers on loopback. */
import { assertEquals, assertMatch } from "@std/assert";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { effective, generateConfig, generateSecrets } from "#lib/config/mod.ts";
import { kubeTransport } from "#lib/kube/transport.ts";
import { Ca, type PemPair } from "#lib/pki/mod.ts";
import { MemoryFiles } from "../files.ts";
import { joinProblem } from "./join_problem.ts";

const { signal } = new AbortController();
const ours = await generateSecrets({ algorithm: "ECDSA-P256" });
const others = await generateSecrets({ algorithm: "ECDSA-P256" });

/** An API server of `ca` that knows `token`. */
async function serve(
  { ca, token, address = "127.0.0.1" }: {
    readonly ca: PemPair;
    readonly token?: string | undefined;
    readonly address?: string;
  },
) {
  const { crt: cert, key } = await (await Ca.load(ca)).issuePair({
    ...{ algorithm: "ECDSA-P256", addresses: [address], usages: ["server"] },
  });
  const server = createServer({ cert, key }, (request, response) => {
    const known = request.headers.authorization === `Bearer ${token}`;
    response.writeHead(known ? 200 : 401, {
      "content-type": "application/json",
    });
    response.end("{}");
  });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    },
  };
}

function optionsFor(port: number) {
  const endpoint = `https://127.0.0.1:${port}`;
  const config = effective(
    generateConfig("join", { clusterName: "t", endpoint }, ours),
  );
  const files = new MemoryFiles();
  return { input: () => ({ config }), files, connect: kubeTransport };
}

const TOKEN = optionsFor(1).input().config.cluster.token;

Deno.test("join: nothing is in the way", async () => {
  await using api = await serve({ ca: ours.kubernetesCa, token: TOKEN });
  assertEquals(await joinProblem(optionsFor(api.port), signal), undefined);
});

Deno.test("join: a token that the cluster does not know", async () => {
  await using api = await serve({ ca: ours.kubernetesCa, token: "other" });
  assertEquals(
    await joinProblem(optionsFor(api.port), signal),
    `Cannot join the cluster: the API server at https://127.0.0.1:${api.port} does not know cluster.token of this node's config`,
  );
});

Deno.test("join: an API server of another CA, or for another name", async () => {
  await using other = await serve({ ca: others.kubernetesCa, token: TOKEN });
  assertMatch(
    await joinProblem(optionsFor(other.port), signal) ?? "",
    /^Cannot join the cluster: the API server at \S+ is not of this node's cluster\.ca: /,
  );
  const address = "192.0.2.1";
  const options = { ca: ours.kubernetesCa, token: TOKEN, address };
  await using renamed = await serve(options);
  assertMatch(
    await joinProblem(optionsFor(renamed.port), signal) ?? "",
    / is not for that name or address$/,
  );
});

Deno.test("join: nobody is at the endpoint", async () => {
  const { port, ...gone } = await serve({ ca: ours.kubernetesCa });
  await gone[Symbol.asyncDispose]();
  assertMatch(
    await joinProblem(optionsFor(port), signal) ?? "",
    /^Cannot join the cluster: nobody answers at cluster\.controlPlane\.endpoint https:\/\/127\.0\.0\.1:\d+: .*refused/s,
  );
});

Deno.test("join: a node with a certificate has joined", async () => {
  const { files, ...options } = optionsFor(1);
  const path = "/var/lib/kubelet/pki/kubelet-client-current.pem";
  await files.replace(path, new Uint8Array([1]), 0o600);
  assertEquals(await joinProblem({ files, ...options }, signal), undefined);
});
