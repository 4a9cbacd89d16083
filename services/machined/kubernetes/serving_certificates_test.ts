/** Whose serving certificates are approved, and why others are not. */
import { assertEquals } from "@std/assert";
import type {
  CertificateSigningRequest,
  KubeNode,
} from "#lib/kube/resources.ts";
import { encodePem, generateKey, Label } from "#lib/pki/mod.ts";
import { loadX509 } from "#lib/pki/x509.ts";
import { isPending, refusalOf } from "./serving_certificates.ts";

const NODE: KubeNode = {
  ...{ apiVersion: "v1", kind: "Node", metadata: { name: "a" } },
  status: {
    addresses: [
      { type: "InternalIP", address: "10.5.0.2" },
      { type: "Hostname", address: "a" },
    ],
  },
};

interface Asked {
  readonly subject: string;
  readonly names?: readonly { type: "dns" | "ip" | "url"; value: string }[];
}

const OWN: Asked = {
  subject: "O=system:nodes, CN=system:node:a",
  names: [{ type: "dns", value: "a" }, { type: "ip", value: "10.5.0.2" }],
};

async function requestOf(
  { subject, names = [] }: Asked,
  change: Partial<CertificateSigningRequest["spec"]> = {},
): Promise<CertificateSigningRequest> {
  const x509 = await loadX509();
  const keys = await generateKey("ECDSA-P256");
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: keys.signing,
    extensions: names.length === 0
      ? []
      : [new x509.SubjectAlternativeNameExtension([...names])],
  });
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "csr-1" },
    spec: {
      request: btoa(encodePem(Label.request, new Uint8Array(csr.rawData))),
      signerName: "kubernetes.io/kubelet-serving",
      username: "system:node:a",
      groups: ["system:nodes", "system:authenticated"],
      usages: ["digital signature", "server auth"],
      ...change,
    },
  };
}

Deno.test("serving certificates: the node's own, and nobody else's", async (t) => {
  type Case = [
    string,
    string | undefined,
    Asked,
    Partial<CertificateSigningRequest["spec"]>?,
  ];
  const name = (value: string) => ({ type: "dns" as const, value });
  const address = (value: string) => ({ type: "ip" as const, value });
  const cases: Case[] = [
    ["its own", undefined, OWN],
    [
      "another node asks",
      "it is not the node's own request",
      OWN,
      { username: "system:node:b" },
    ],
    ["no node", "it is not the node's own request", OWN, { username: "kim" }],
    ["not in the group", "who asks is not in system:nodes", OWN, {
      groups: ["system:authenticated"],
    }],
    ["a client", 'usage "client auth" is not for serving', OWN, {
      usages: ["server auth", "client auth"],
    }],
    ["for nothing", "it is not for serving", OWN, {
      usages: ["digital signature"],
    }],
    [
      "an admin",
      "its organization is another",
      { ...OWN, subject: "O=system:masters, CN=system:node:a" },
    ],
    [
      "of both",
      "its organization is another",
      { ...OWN, subject: "O=system:nodes, O=system:masters, CN=system:node:a" },
    ],
    [
      "as another",
      "its common name is not the node's",
      { ...OWN, subject: "O=system:nodes, CN=system:node:b" },
    ],
    [
      "a foreign name",
      '"kubernetes" is not the node\'s own',
      { ...OWN, names: [name("a"), name("kubernetes")] },
    ],
    [
      "a foreign address",
      '"10.96.0.1" is not the node\'s own',
      { ...OWN, names: [address("10.96.0.1")] },
    ],
    [
      "a URL",
      "it asks for more than names and addresses",
      { ...OWN, names: [name("a"), { type: "url", value: "spiffe://a/b" }] },
    ],
    ["without a name", "it names nothing", { subject: OWN.subject }],
  ];
  for (const [what, expected, asked, change] of cases) {
    await t.step(what, async () => {
      const request = await requestOf(asked, change);
      assertEquals(await refusalOf(request, NODE), expected);
    });
  }
});

Deno.test("serving certificates: only those that nobody decided", async () => {
  const request = await requestOf(OWN);
  assertEquals(isPending(request), true);
  const conditions = [{ type: "Denied", status: "True" }];
  assertEquals(isPending({ ...request, status: { conditions } }), false);
  const other = await requestOf(OWN, { signerName: "example.org/mine" });
  assertEquals(isPending(other), false);
});
