/** Files of public keys. */
import { assertEquals, assertThrows } from "@std/assert";
import { encodePem, Label, PemError } from "../pki/pem.ts";
import { decodeImageKeys, encodeImageKey } from "./keys.ts";

const raw = (fill: number) => new Uint8Array(32).fill(fill);
const spki = (prefix: string, bytes: number) =>
  encodePem(
    Label.publicKey,
    Uint8Array.fromHex(prefix + "11".repeat(bytes)),
  );

Deno.test("a file holds one key or several", () => {
  const [one, two] = [encodeImageKey(raw(1)), encodeImageKey(raw(2))];
  assertEquals(decodeImageKeys(one), [raw(1)]);
  assertEquals(decodeImageKeys(`old\n${one}new\n${two}`), [raw(1), raw(2)]);
});

Deno.test("the file is what other programs write", async () => {
  const { publicKey } = await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const bytes = await crypto.subtle.exportKey("raw", publicKey);
  const text = encodePem(Label.publicKey, der);
  assertEquals(decodeImageKeys(text), [new Uint8Array(bytes)]);
  assertEquals(encodeImageKey(new Uint8Array(bytes)), text);
});

Deno.test("anything else is refused", () => {
  const cases: [string, string][] = [
    ["", "no PEM block"],
    [encodePem(Label.ed25519Key, raw(1)), 'is "ED25519 PRIVATE KEY", not'],
    [spki("302a300506032b6570032100", 31), "not one of Ed25519"],
    [spki("302a300506032b6570032100", 33), "not one of Ed25519"],
    [spki("302a300506032b6571032100", 32), "not one of Ed25519"],
    [encodeImageKey(raw(1)).repeat(17), "17 keys are more than 16"],
    ["x".repeat(300_000), "longer than"],
  ];
  for (const [text, wanted] of cases) {
    assertThrows(() => decodeImageKeys(text), PemError, wanted);
  }
});
