/** PEM and DER decoding of text that means no good. */
import { assertEquals, assertThrows } from "@std/assert";
import { DerError, organizationsOf } from "./der.ts";
import {
  decodePem,
  decodePemAll,
  encodePem,
  Label,
  PemError,
  tlsKey,
} from "./pem.ts";

const KEY = "-----BEGIN ED25519 PRIVATE KEY-----\nAQID\n" +
  "-----END ED25519 PRIVATE KEY-----\n";

Deno.test("blocks are written and read", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  assertEquals(encodePem(Label.ed25519Key, bytes), KEY);
  assertEquals(decodePem(KEY, [Label.ed25519Key]).der, bytes);
  assertEquals(decodePemAll(`text\n${KEY}more\n${KEY}`).length, 2);
  assertEquals(
    decodePem(KEY.replaceAll("\n", "\r\n"), [Label.ed25519Key]).der,
    bytes,
  );
  const long = encodePem(Label.certificate, new Uint8Array(100));
  assertEquals(long.split("\n").map((line) => line.length), [
    27,
    64,
    64,
    8,
    25,
    0,
  ]);
});

Deno.test("TLS gets the label that it knows", () => {
  assertEquals(
    tlsKey(KEY),
    "-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n",
  );
});

Deno.test("what is no PEM is refused", async (t) => {
  const cases: [string, string, string][] = [
    ["nothing", "", "no PEM block"],
    ["text", "hello", "no PEM block"],
    ["no end", KEY.slice(0, -20), "no PEM block"],
    ["another end", KEY.replace("END ED", "END XD"), "no PEM block"],
    ["bad padding", KEY.replace("AQID", "AQI"), "is not base64"],
    ["padding within", KEY.replace("AQID", "A=ID"), "is not base64"],
    ["label", KEY, 'PEM block is "ED25519 PRIVATE KEY", not "CERTIFICATE"'],
    ["too long", "x".repeat(300_000), "longer than"],
  ];
  for (const [name, text, part] of cases) {
    await t.step(name, () => {
      assertThrows(() => decodePem(text, [Label.certificate]), PemError, part);
    });
  }
});

Deno.test("armour that never ends does not take long", () => {
  const text = "-----BEGIN CERTIFICATE-----\n".repeat(9_000);
  const started = performance.now();
  assertEquals(decodePemAll(text), []);
  const tookMs = performance.now() - started;
  if (tookMs > 1_000) throw new Error(`took ${tookMs} ms`);
});

Deno.test("broken DER is an error, never a crash or an organization", async (t) => {
  const cases: [string, number[]][] = [
    ["empty", []],
    ["one byte", [0x30]],
    ["length beyond the end", [0x30, 0x05, 0x00]],
    ["indefinite length", [0x30, 0x80, 0x00, 0x00]],
    ["length of lengths", [0x30, 0x84, 0xff, 0xff, 0xff, 0xff]],
    ["wrong tag", [0x31, 0x00]],
    ["nothing within", [0x30, 0x02, 0x30, 0x00]],
  ];
  for (const [name, bytes] of cases) {
    await t.step(name, () => {
      assertThrows(() => organizationsOf(new Uint8Array(bytes)), DerError);
    });
  }
  await t.step("random", () => {
    for (let i = 0; i < 2_000; i++) {
      const bytes = crypto.getRandomValues(new Uint8Array(64));
      bytes.set([0x30, 62, 0x30, 60]);
      try {
        organizationsOf(bytes);
      } catch (thrown) {
        if (!(thrown instanceof DerError)) throw thrown;
      }
    }
  });
});
