/** The ids against a published value of the format, and their order. */
import { assert, assertEquals } from "@std/assert";
import { createXids, encodeXid, isXid } from "./xid.ts";

Deno.test("encodeXid gives the published text for the published bytes", () => {
  const bytes = Uint8Array.of(
    0x4d,
    0x88,
    0xe1,
    0x5b,
    0x60,
    0xf4,
    0x86,
    0xe4,
    0x28,
    0x41,
    0x2d,
    0xc9,
  );
  assertEquals(encodeXid(bytes), "9m4e2mr0ui3e8a215n4g");
});

Deno.test("ids carry time, machine, pid and counter", () => {
  const next = createXids({
    now: () => 0x4d88e15b * 1000,
    machine: Uint8Array.of(0x60, 0xf4, 0x86),
    pid: 0xe428,
    counter: 0x412dc9,
  });
  assertEquals(next(), "9m4e2mr0ui3e8a215n4g");
  assertEquals(next(), "9m4e2mr0ui3e8a215n50");
});

Deno.test("ids grow when the clock goes back and when the counter wraps", () => {
  const times = [2000, 1000, 1000, 500, 3000];
  const next = createXids({
    now: () => times.shift()!,
    machine: new Uint8Array(3),
    pid: 1,
    counter: 0xfffffe,
  });
  const ids = [next(), next(), next(), next(), next()];
  assertEquals([...ids].sort(), ids);
  assertEquals(new Set(ids).size, 5);
  assert(ids.every(isXid));
});

Deno.test("isXid refuses other text", () => {
  for (
    const text of [
      "",
      "9m4e2mr0ui3e8a215n4",
      "9m4e2mr0ui3e8a215n4z",
      "9m4e2mr0ui3e8a215n41",
    ]
  ) {
    assertEquals(isXid(text), false, text);
  }
});
