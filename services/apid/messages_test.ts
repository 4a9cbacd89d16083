/** gRPC framing, in pieces of every size and against lies. */
import { assertEquals, assertThrows } from "@std/assert";
import { hex, unhex } from "#lib/http2/test_wire.ts";
import { FramingError, messagePrefix, MessageReader } from "./messages.ts";

Deno.test("messages come whole, whatever the pieces they come in", () => {
  const body = unhex(
    "00 00000003 010203  00 00000000  00 00000001 ff  00 00000000",
  );
  for (let size = 1; size <= body.length; size++) {
    const reader = new MessageReader();
    const got: string[] = [];
    for (let at = 0; at < body.length; at += size) {
      reader.read(body.subarray(at, at + size), (m) => got.push(hex(m)));
    }
    assertEquals(got, ["01 02 03", "", "ff", ""]);
    assertEquals(reader.partial, false);
  }
});

Deno.test("a body that ends within a message is partial", () => {
  for (const bytes of ["00", "00 00000002", "00 00000002 01"]) {
    const reader = new MessageReader();
    reader.read(unhex(bytes), () => {});
    assertEquals(reader.partial, true);
  }
});

Deno.test("compressed and oversized messages are refused before they come", () => {
  const cases: [string, string, string][] = [
    ["01 00000001", "internal", "compressed"],
    ["00 00400001", "resourceExhausted", "(4194305 vs. 4194304)"],
    ["00 ffffffff", "resourceExhausted", "(4294967295 vs. 4194304)"],
  ];
  for (const [bytes, kind, text] of cases) {
    const thrown = assertThrows(
      () => new MessageReader().read(unhex(bytes), () => {}),
      FramingError,
      text,
    );
    assertEquals(thrown.problem.kind, kind);
  }
});

Deno.test("messagePrefix is five octets", () => {
  assertEquals(hex(messagePrefix(0x01020304)), "00 01 02 03 04");
});
