/** How a node gets the kubelet's certificate, against servers on loopback. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  effective,
  generateConfig,
  generateSecrets,
  type MachineType,
} from "#lib/config/mod.ts";
import { kubeTransport } from "#lib/kube/transport.ts";
import {
  Ca,
  decodePem,
  importKey,
  isSignedBy,
  Label,
  organizationsOf,
  type PemPair,
  readCertificate,
  readCsr,
  toBase64,
} from "#lib/pki/mod.ts";
import { MemoryFiles } from "../files.ts";
import { FakeClock } from "../supervisor/fake.ts";
import { KUBELET_PAIR } from "./control_planes.ts";
import { JoinError, provideKubeletCertificate } from "./kubelet_certificate.ts";

const ours = await generateSecrets({ algorithm: "ECDSA-P256" });
const others = await generateSecrets({ algorithm: "ECDSA-P256" });

/** What the API server says of the request, look by look. */
type Verdict = "absent" | "pending" | "denied" | "issued";

/** An API server of `ca` that knows `token`. */
async function serve(
  { ca, token, address = "127.0.0.1", verdicts = [] }: {
    readonly ca: PemPair;
    readonly token?: string | undefined;
    readonly address?: string;
    readonly verdicts?: Verdict[];
  },
) {
  const authority = await Ca.load(ca);
  const { crt: cert, key } = await authority.issuePair({
    ...{ algorithm: "ECDSA-P256", addresses: [address], usages: ["server"] },
  });
  const requests: string[] = [];
  let asked = "";
  const answer = async (method: string, body: string) => {
    if (method === "POST") {
      const { spec, metadata } = JSON.parse(body);
      assertEquals(metadata, { generateName: "node-csr-" });
      asked = spec.request;
    }
    requests.push(method);
    const verdict = verdicts.shift();
    if (verdict === "absent") return { status: 404, body: {} };
    const status = verdict === "denied"
      ? { conditions: [{ type: "Denied", status: "True", message: "no" }] }
      : verdict === "issued"
      ? { certificate: toBase64(await issue(atob(asked))) }
      : {};
    return { status: 200, body: { metadata: { name: "node-csr-1" }, status } };
  };
  const issue = async (pem: string) => {
    const { publicKey, commonName } = await readCsr(pem);
    return await authority.issue({
      ...{ publicKey, commonName, usages: ["client"] },
    });
  };
  const server = createServer({ cert, key }, async (request, response) => {
    const json = { "content-type": "application/json" };
    const known = request.headers.authorization === `Bearer ${token}`;
    if (!known) return void response.writeHead(401, json).end("{}");
    const text = await new Response(
      ReadableStream.from(request) as ReadableStream<Uint8Array>,
    ).text();
    const { status, body } = await answer(request.method ?? "", text);
    response.writeHead(status, json).end(JSON.stringify(body));
  });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    },
  };
}

function optionsFor(port: number, type: MachineType = "join") {
  const endpoint = `https://127.0.0.1:${port}`;
  const config = effective(
    generateConfig(type, { clusterName: "t", endpoint }, ours),
  );
  return {
    input: () => ({ config, hostname: "t-1" }),
    files: new MemoryFiles(),
    connect: kubeTransport,
    clock: new FakeClock(),
  };
}

const TOKEN = optionsFor(1).input().config.cluster.token;

/** The first thing that is told; then it is given up. */
async function firstTold(port: number): Promise<string> {
  const stop = new AbortController();
  let told = "";
  await assertRejects(() =>
    provideKubeletCertificate(optionsFor(port), {
      signal: stop.signal,
      tell: (text) => {
        told = text;
        stop.abort();
      },
    })
  );
  return told;
}

/** Who the stored certificate is of; its key is checked. */
async function stored(files: MemoryFiles) {
  const pem = new TextDecoder().decode(await files.read(KUBELET_PAIR));
  const [crt, key] = pem.split(/(?<=-----END CERTIFICATE-----\n)/);
  const facts = await readCertificate(crt!);
  await importKey(key!);
  assertEquals(await isSignedBy(crt!, ours.kubernetesCa.crt), true);
  return {
    facts,
    organizations: organizationsOf(decodePem(crt!, [Label.certificate]).der),
  };
}

Deno.test("kubelet certificate: a control plane issues it itself", async () => {
  const options = optionsFor(1, "controlplane");
  const { signal } = new AbortController();
  await provideKubeletCertificate(options, { signal, tell: () => {} });
  const { organizations } = await stored(options.files);
  assertEquals(organizations, ["system:nodes"]);
  assertMatch(
    options.files.links.get(KUBELET_PAIR) ?? "",
    /\/kubelet-client-\d{4}(-\d\d){5}\.pem$/,
  );
});

Deno.test("kubelet certificate: a worker asks, waits, and keeps it", async () => {
  await using api = await serve({
    ca: ours.kubernetesCa,
    token: TOKEN,
    verdicts: ["pending", "pending", "absent", "pending", "issued"],
  });
  const options = optionsFor(api.port);
  const told: string[] = [];
  const progress = {
    signal: new AbortController().signal,
    tell: (text: string) => void told.push(text),
  };
  await provideKubeletCertificate(options, progress);
  // Gone after the third look, so that it is sent again.
  assertEquals(api.requests, ["POST", "GET", "GET", "POST", "GET"]);
  assertEquals(
    told[0],
    "Cannot join the cluster: request node-csr-1 is not approved yet",
  );
  await stored(options.files);
  // Whoever has one does not ask.
  await provideKubeletCertificate(options, progress);
  assertEquals(api.requests.length, 5);
});

Deno.test("kubelet certificate: a denied one is an error", async () => {
  const verdicts: Verdict[] = ["denied"];
  const given = { ca: ours.kubernetesCa, token: TOKEN, verdicts };
  await using api = await serve(given);
  const { signal } = new AbortController();
  await assertRejects(
    () =>
      provideKubeletCertificate(optionsFor(api.port), {
        signal,
        tell: () => {},
      }),
    JoinError,
    "Cannot join the cluster: request node-csr-1 is Denied: no",
  );
});

Deno.test("kubelet certificate: a token that the cluster does not know", async () => {
  await using api = await serve({ ca: ours.kubernetesCa, token: "other" });
  assertEquals(
    await firstTold(api.port),
    `Cannot join the cluster: the API server at https://127.0.0.1:${api.port} does not know cluster.token of this node's config`,
  );
});

Deno.test("kubelet certificate: another CA, or another name", async () => {
  await using other = await serve({ ca: others.kubernetesCa, token: TOKEN });
  assertMatch(
    await firstTold(other.port),
    /^Cannot join the cluster: the API server at \S+ is not of this node's cluster\.ca: /,
  );
  const address = "192.0.2.1";
  const options = { ca: ours.kubernetesCa, token: TOKEN, address };
  await using renamed = await serve(options);
  assertMatch(
    await firstTold(renamed.port),
    / is not for that name or address$/,
  );
});

Deno.test("kubelet certificate: nobody is there", async () => {
  assertMatch(
    await firstTold(1),
    /^Cannot join the cluster: nobody answers at cluster\.controlPlane\.endpoint https:\/\/127\.0\.0\.1:1: /,
  );
});
