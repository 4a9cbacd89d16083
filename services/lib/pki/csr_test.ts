/** Requests: our own read back, and those that mean no good. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createCsr, CsrError, readCsr } from "./csr.ts";
import { generateKey, keyFingerprint } from "./keys.ts";
import { decodePem, encodePem, Label } from "./pem.ts";

const keys = await generateKey("Ed25519");

Deno.test("a request is read back; its subject is not even looked at", async () => {
  const pem = await createCsr({
    keys,
    organizations: ["os:admin"],
    names: ["worker-1"],
    addresses: ["10.5.0.3", "fd00:0:0::3"],
  });
  const { publicKey, names, addresses } = await readCsr(pem);
  assertEquals(
    await keyFingerprint(publicKey),
    await keyFingerprint(keys.publicKey),
  );
  assertEquals(names, ["worker-1"]);
  assertEquals(addresses, ["10.5.0.3", "fd00::3"]);
});

Deno.test("kinds of keys", async (t) => {
  await t.step("ECDSA is signed", async () => {
    const other = await generateKey("ECDSA-P256");
    const csr = await readCsr(await createCsr({ keys: other }));
    assertEquals(csr.names, []);
  });
  await t.step("RSA is not", async () => {
    const pem = await createCsr({ keys: await generateKey("RSA-2048") });
    await assertRejects(() => readCsr(pem), CsrError, "neither Ed25519 nor");
  });
});

Deno.test("a request with a bit turned is refused, or says the same", async () => {
  const pem = await createCsr({ keys, addresses: ["10.5.0.3"] });
  const { der } = decodePem(pem, [Label.request]);
  const own = await keyFingerprint(keys.publicKey);
  let refused = 0;
  for (let at = 0; at < der.length; at++) {
    const broken = der.slice();
    broken[at]! ^= 0x01;
    try {
      // Tags around the signed part may be read leniently; what counts is it.
      const csr = await readCsr(encodePem(Label.request, broken));
      assertEquals(await keyFingerprint(csr.publicKey), own);
      assertEquals([csr.names, csr.addresses], [[], ["10.5.0.3"]]);
    } catch (thrown) {
      assert(thrown instanceof CsrError, `${thrown}`);
      refused++;
    }
  }
  assert(refused > der.length - 8, `${refused} of ${der.length} refused`);
});

Deno.test("what is no request is refused", async (t) => {
  const many = Array.from({ length: 65 }, (_, n) => `n${n}`);
  const cases: [string, string, string][] = [
    ["nothing", "", "cannot be read"],
    ["too long", "x".repeat(9_000), "longer than 8192 bytes"],
    [
      "a certificate",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "cannot be read",
    ],
    [
      "rubbish",
      encodePem(Label.request, new Uint8Array(100)),
      "cannot be read",
    ],
    [
      "too many names",
      await createCsr({ keys, names: many }),
      "more than 64 names",
    ],
  ];
  for (const [name, pem, part] of cases) {
    await t.step(name, async () => {
      await assertRejects(() => readCsr(pem), CsrError, part);
    });
  }
});
