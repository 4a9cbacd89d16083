/** The merge, byte by byte: what api.md A5 and A6 say, as literals. */
import { assertEquals, assertThrows } from "@std/assert";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { concatBytes } from "#lib/bytes.ts";
import { EmptyResponseSchema, EmptySchema } from "#proto/common_pb.ts";
import { VersionResponseSchema } from "#proto/machine_pb.ts";
import { Code } from "#lib/rpc/status.ts";
import { hex, unhex } from "#lib/http2/test_wire.ts";
import {
  errorAnswer,
  errorFrame,
  extendFirst,
  hostnameField,
  MergeError,
} from "./merge.ts";

/** metadata{hostname: "n1"} as field 1 of whatever it is appended to. */
const N1 = "0a 04 0a 02 6e 31";

Deno.test("hostnameField is metadata with a hostname", () => {
  assertEquals(hex(hostnameField("n1")), N1);
});

Deno.test("extendFirst appends to the first element and fixes its length", async (t) => {
  const cases: [string, string, string][] = [
    ["an empty element", "0a 00", `0a 06 ${N1}`],
    ["a short element", "0a 03 12 01 61", `0a 09 12 01 61 ${N1}`],
    [
      "more fields after it stay",
      "0a 00 12 01 62",
      `0a 06 ${N1} 12 01 62`,
    ],
    [
      "a second element is not extended",
      "0a 00 0a 00",
      `0a 06 ${N1} 0a 00`,
    ],
    [
      "a length that grows by an octet",
      `0a 7d ${"00 ".repeat(125)}`,
      `0a 83 01 ${"00 ".repeat(125)}${N1}`,
    ],
    [
      "a length that is longer than needed",
      "0a 83 00 12 01 61",
      `0a 09 12 01 61 ${N1}`,
    ],
  ];
  for (const [name, before, after] of cases) {
    await t.step(name, () => {
      assertEquals(
        hex(extendFirst(unhex(before), unhex(N1))),
        hex(unhex(after)),
      );
    });
  }
});

Deno.test("extendFirst refuses what has no messages", async (t) => {
  const cases: [string, string, string][] = [
    ["another field first", "12 01 61", "unexpected message format: 18"],
    ["a varint field", "08 01", "unexpected message format: 8"],
    ["nothing", "", "unexpected message format: empty"],
    ["a tag alone", "0a", "unexpected message format: truncated"],
    ["half a length", "0a 80", "unexpected message format: truncated"],
    ["a cut element", "0a 05 01 02", "unexpected message format: truncated"],
    ["an endless length", "0a ff ff ff ff 0f", "truncated"],
  ];
  for (const [name, bytes, message] of cases) {
    await t.step(name, () => {
      assertThrows(
        () => extendFirst(unhex(bytes), unhex(N1)),
        MergeError,
        message,
      );
    });
  }
});

Deno.test("errorAnswer is an EmptyResponse with the status", () => {
  const status = { code: Code.Unavailable, message: "down" };
  const text = "rpc error: code = Unavailable desc = down";
  const bytes = errorAnswer("n1", status);
  assertEquals(
    hex(bytes),
    `0a 3b 0a 39 0a 02 6e 31 12 29 ${
      hex(new TextEncoder().encode(text))
    } 1a 08 08 0e 12 04 64 6f 77 6e`,
  );
  const [entry] = fromBinary(EmptyResponseSchema, bytes).messages;
  assertEquals(entry!.metadata!.hostname, "n1");
  assertEquals(entry!.metadata!.error, text);
  assertEquals(entry!.metadata!.status!.code, 14);
  assertEquals(entry!.metadata!.status!.message, "down");
});

Deno.test("errorFrame is one frame of any stream", () => {
  const bytes = errorFrame("n1", { code: Code.NotFound, message: "" });
  const { metadata } = fromBinary(EmptySchema, bytes);
  assertEquals(metadata!.hostname, "n1");
  assertEquals(metadata!.error, "rpc error: code = NotFound desc = ");
  assertEquals(metadata!.status!.code, 5);
});

Deno.test("answers of nodes joined are one answer with all of them", () => {
  const answer = (tag: string) =>
    toBinary(
      VersionResponseSchema,
      create(VersionResponseSchema, { messages: [{ version: { tag } }] }),
    );
  const joined = concatBytes([
    extendFirst(answer("v1"), hostnameField("a")),
    errorAnswer("b", { code: Code.Unavailable, message: "gone" }),
    extendFirst(answer("v2"), hostnameField("c")),
  ]);
  const { messages } = fromBinary(VersionResponseSchema, joined);
  assertEquals(
    messages.map((m) => [m.metadata!.hostname, m.version?.tag]),
    [["a", "v1"], ["b", undefined], ["c", "v2"]],
  );
});

Deno.test("metadata that a node set itself is kept", () => {
  const answer = toBinary(
    VersionResponseSchema,
    create(VersionResponseSchema, {
      messages: [{ metadata: { error: "half broken" } }],
    }),
  );
  const extended = extendFirst(answer, hostnameField("a"));
  const [message] = fromBinary(VersionResponseSchema, extended).messages;
  assertEquals(message!.metadata!.error, "half broken");
  assertEquals(message!.metadata!.hostname, "a");
});
