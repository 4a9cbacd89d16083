/** Gzip of others. */
import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { gunzip, GzipError } from "./gunzip.ts";

Deno.test("gunzip unpacks up to the limit", () => {
  const plain = new Uint8Array(1000).fill(7);
  const packed = gzipSync(plain);
  assertEquals(new Uint8Array(gunzip(packed, 1000)), plain);
  for (const maxBytes of [0, 999]) {
    const text = `unpacks to more than ${maxBytes} bytes`;
    assertThrows(() => gunzip(packed, maxBytes), GzipError, text);
  }
  const bomb = gzipSync(new Uint8Array(64 << 20));
  assertThrows(() => gunzip(bomb, 1000), GzipError, "unpacks to more than");
  for (const broken of [new Uint8Array(), packed.subarray(0, 20), plain]) {
    assertThrows(() => gunzip(broken, 1000), GzipError, "broken gzip");
  }
});
