/** The transport against a real TLS server that asks for a certificate. */
import { assertEquals, assertRejects } from "@std/assert";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { Ca, generateCa, type PemPair } from "../pki/mod.ts";
import { KubeClient } from "./client.ts";
import { KubeError } from "./errors.ts";
import { kubeTransport } from "./transport.ts";

const signal = new AbortController().signal;

async function caOf(): Promise<Ca> {
  const pair = await generateCa({
    kind: "kubernetes",
    algorithm: "ECDSA-P256",
  });
  return await Ca.load(pair);
}

/** Answers with the name in the client's certificate. */
async function serve(ca: Ca) {
  const { crt: cert, key } = await ca.issuePair({
    ...{ algorithm: "ECDSA-P256", addresses: ["127.0.0.1"] },
    usages: ["server"],
  });
  const server = createServer(
    { ca: ca.crt, cert, key, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.end(JSON.stringify({ said: subject.CN, url: request.url }));
    },
  );
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    },
  };
}

function clientOf(url: string, ca: string, pair: PemPair) {
  const client = new KubeClient(kubeTransport({ url, ca, ...pair }));
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

Deno.test("transport: both ends show and check a certificate", async () => {
  const ca = await caOf();
  await using server = await serve(ca);
  const mine = await ca.issuePair({
    ...{ algorithm: "ECDSA-P256", commonName: "admin", usages: ["client"] },
  });
  using client = clientOf(server.url, ca.crt, mine);
  const place = { name: "a" };
  const resource = {
    ...{ apiVersion: "v1", kind: "Node", plural: "nodes", namespaced: false },
  };
  const answer: unknown = await client.get(resource, place, signal);
  assertEquals(answer, { said: "admin", url: "/api/v1/nodes/a" });
});

Deno.test("transport: a server of another CA is nobody", async () => {
  await using server = await serve(await caOf());
  const other = await caOf();
  const mine = await other.issuePair({
    ...{ algorithm: "ECDSA-P256", usages: ["client"] },
  });
  using client = clientOf(server.url, other.crt, mine);
  const thrown = await assertRejects(
    () => client.resourcesOf("v1", signal),
    KubeError,
    "Cannot reach the API server at https://127.0.0.1",
  );
  assertEquals(thrown.problem.kind, "unavailable");
});
