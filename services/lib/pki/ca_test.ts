/** CAs and leaves, read back by node's own parser, which did not make them. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { AssertionError } from "#lib/assert.ts";
import { Ca, DAY_MS, generateCa, issueAdmin } from "./ca.ts";
import {
  CertificateError,
  isSignedBy,
  readCertificate,
} from "./certificate.ts";
import { exportKey, generateKey, importKey } from "./keys.ts";
import type { KeyAlgorithm } from "./keys.ts";
import { fromBase64, type PemPair, toBase64 } from "./pem.ts";

const NOW = Date.parse("2026-03-04T05:06:07.890Z");
const clock = { now: () => NOW };
const at = (text: string) => Date.parse(text);

function firstLine(pem: string): string {
  return pem.slice(0, pem.indexOf("\n"));
}

async function machineCa(): Promise<PemPair> {
  return await generateCa({ kind: "machine", clock });
}

Deno.test("the machine CA is Ed25519, O=talos, ten years", async () => {
  const pair = await machineCa();
  const facts = await readCertificate(pair.crt);
  assertEquals(facts.organizations, ["talos"]);
  assertEquals(facts.notBefore, at("2026-03-04T05:06:07Z"));
  assertEquals(facts.notAfter, at("2036-03-01T05:06:07Z"));
  assertEquals(facts.isCa, true);
  assertEquals(facts.usages, ["server", "client"]);
  assertEquals(firstLine(pair.crt), "-----BEGIN CERTIFICATE-----");
  assertEquals(firstLine(pair.key), "-----BEGIN ED25519 PRIVATE KEY-----");
  const certificate = new X509Certificate(pair.crt);
  assertEquals(certificate.publicKey.asymmetricKeyType, "ed25519");
  assert(certificate.verify(certificate.publicKey), "it signs itself");
});

Deno.test("other CAs have their organization and the PEM form of their key", async (t) => {
  const cases: [KeyAlgorithm, string][] = [
    ["RSA-2048", "-----BEGIN RSA PRIVATE KEY-----"],
    ["ECDSA-P256", "-----BEGIN EC PRIVATE KEY-----"],
  ];
  for (const [algorithm, line] of cases) {
    await t.step(algorithm, async () => {
      const pair = await generateCa({ kind: "etcd", algorithm, clock });
      assertEquals(firstLine(pair.key), line);
      const facts = await readCertificate(pair.crt);
      assertEquals(facts.organizations, ["etcd"]);
      const ca = await Ca.load(pair);
      const leaf = await ca.issuePair({
        algorithm,
        organizations: ["system:masters"],
        commonName: "apiserver-kubelet-client",
        usages: ["client"],
        clock,
      });
      assert(isSignedBy(leaf.crt, pair.crt), "leaf is not of its CA");
      const said = await readCertificate(leaf.crt);
      assertEquals(said.commonName, "apiserver-kubelet-client");
      assertEquals(said.organizations, ["system:masters"]);
    });
  }
});

Deno.test("a leaf lives a day, is backdated and says only what it was told", async () => {
  const pair = await machineCa();
  const ca = await Ca.load(pair);
  const leaf = await ca.issuePair({
    names: ["worker-1", "worker-1.example"],
    addresses: ["10.5.0.3", "fd00::3"],
    usages: ["server"],
    clock,
  });
  const facts = await readCertificate(leaf.crt);
  const { fingerprint: _, keyFingerprint: __, ...rest } = facts;
  assertEquals(rest, {
    commonName: "",
    organizations: [],
    names: ["worker-1", "worker-1.example"],
    addresses: ["10.5.0.3", "fd00::3"],
    notBefore: at("2026-03-04T05:01:07Z"),
    notAfter: at("2026-03-05T05:06:07Z"),
    isCa: false,
    usages: ["server"],
  });
  const certificate = new X509Certificate(leaf.crt);
  assertEquals(certificate.checkIP("10.5.0.3"), "10.5.0.3");
  assertEquals(certificate.checkIP("10.5.0.4"), undefined);
  assert(isSignedBy(leaf.crt, pair.crt), "leaf is not of its CA");
});

Deno.test("a leaf never outlives its CA", async () => {
  const pair = await generateCa({ kind: "machine", validityMs: 60_000, clock });
  const leaf = await (await Ca.load(pair)).issuePair({ usages: [], clock });
  const facts = await readCertificate(leaf.crt);
  assertEquals(facts.notAfter, at("2026-03-04T05:07:07Z"));
});

Deno.test("an admin of the seed era has one empty organization", async () => {
  const pair = await machineCa();
  const admin = await issueAdmin(await Ca.load(pair), { clock });
  const facts = await readCertificate(admin.crt);
  assertEquals(facts.organizations, [""]);
  assertEquals(facts.addresses, ["127.0.0.1"]);
  assertEquals(facts.usages, ["client"]);
  assertEquals(facts.notAfter, at("2036-03-01T05:06:07Z"));
  assertEquals(firstLine(admin.key), "-----BEGIN ED25519 PRIVATE KEY-----");
});

Deno.test("organizations are read as they are, not as subjects are printed", async () => {
  const ca = await Ca.load(await machineCa());
  for (
    const organizations of [
      [],
      [""],
      ["os:reader", "os:operator"],
      ["a\nO=os:admin"],
      ["a, O=os:admin"],
      ["", ""],
      ["größe"],
    ]
  ) {
    const leaf = await ca.issuePair({ organizations, usages: ["client"] });
    const facts = await readCertificate(leaf.crt);
    assertEquals(facts.organizations, organizations);
  }
});

Deno.test("a leaf of another CA with the same name is not signed by ours", async () => {
  const [ours, theirs] = await Promise.all([machineCa(), machineCa()]);
  const leaf = await (await Ca.load(theirs)).issuePair({ usages: ["client"] });
  assertEquals(isSignedBy(leaf.crt, ours.crt), false);
  assertEquals(isSignedBy(leaf.crt, theirs.crt), true);
  assertEquals(isSignedBy(leaf.crt, leaf.crt), false);
});

Deno.test("what cannot sign is refused", async (t) => {
  const [one, two] = await Promise.all([machineCa(), machineCa()]);
  await t.step("key of another CA", async () => {
    await assertRejects(
      () => Ca.load({ crt: one.crt, key: two.key }),
      CertificateError,
      "key does not belong to the CA certificate",
    );
  });
  await t.step("a leaf", async () => {
    const leaf = await (await Ca.load(one)).issuePair({ usages: ["server"] });
    await assertRejects(() => Ca.load(leaf), CertificateError, "not of a CA");
  });
  await t.step("an address that is none", async () => {
    const ca = await Ca.load(one);
    await assertRejects(
      () => ca.issuePair({ addresses: ["10.5.0"], usages: [] }),
      AssertionError,
    );
  });
});

Deno.test("keys survive their PEM form and sign the same", async (t) => {
  for (const algorithm of ["Ed25519", "ECDSA-P256", "RSA-2048"] as const) {
    await t.step(algorithm, async () => {
      const pem = await exportKey((await generateKey(algorithm)).privateKey);
      const again = await importKey(pem);
      assertEquals(await exportKey(again.privateKey), pem);
      const data = new TextEncoder().encode("signed");
      const signature = await crypto.subtle
        .sign(again.signing, again.privateKey, data);
      assert(
        await crypto.subtle
          .verify(again.signing, again.publicKey, signature, data),
        "the public half does not verify",
      );
    });
  }
});

Deno.test("crt and key of configs are base64 of PEM", async () => {
  const { crt } = await machineCa();
  assertEquals(
    toBase64(crt).slice(0, 36),
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t",
  );
  assertEquals(fromBase64(toBase64(crt)), crt);
  assertEquals(fromBase64(crt), crt);
});

Deno.test("a day is a day", () => assertEquals(DAY_MS, 86_400_000));
