/** The examples of RFC 7541 appendix C, and what a hostile peer may send. */
import { assertEquals, assertThrows } from "@std/assert";
import { Http2Error } from "./errors.ts";
import { Fields } from "./fields.ts";
import { HpackDecoder } from "./hpack_decoder.ts";
import { HpackEncoder } from "./hpack_encoder.ts";
import { hex, join, unhex } from "./test_wire.ts";

type Pairs = [string, string][];

const REQUESTS: Pairs[] = [
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ],
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
    ["cache-control", "no-cache"],
  ],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];
const COOKIE = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const RESPONSES: Pairs[] = [
  [
    [":status", "302"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "307"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
    ["location", "https://www.example.com"],
    ["content-encoding", "gzip"],
    ["set-cookie", COOKIE],
  ],
];

/** Sections C.3 to C.6: three blocks each on one connection. */
const EXAMPLES: {
  name: string;
  huffman: boolean;
  lists: Pairs[];
  blocks: string[];
  tableBytes?: number;
}[] = [
  {
    name: "C.3 requests without Huffman",
    huffman: false,
    lists: REQUESTS,
    blocks: [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
  },
  {
    name: "C.4 requests with Huffman",
    huffman: true,
    lists: REQUESTS,
    blocks: [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
  },
  {
    name: "C.5 responses without Huffman",
    huffman: false,
    lists: RESPONSES,
    tableBytes: 256,
    blocks: [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420
       3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77
       7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      "4803 3330 37c1 c0bf",
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
       3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a
       584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33
       3630 303b 2076 6572 7369 6f6e 3d31`,
    ],
  },
  {
    name: "C.6 responses with Huffman",
    huffman: true,
    lists: RESPONSES,
    tableBytes: 256,
    blocks: [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81
       66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      "4883 640e ffc1 c0bf",
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a
       839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36
       72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ],
  },
];

function decoded(decoder: HpackDecoder, block: Uint8Array): Pairs | "tooLarge" {
  const result = decoder.decode(block);
  return result.kind === "fields" ? result.fields.pairs() : "tooLarge";
}

/** Dynamic table size update to 256, which C.5 and C.6 agree on beforehand. */
const TO_256 = unhex("3fe101");

Deno.test("HPACK decodes and encodes the examples of the RFC", async (t) => {
  for (const { name, huffman, lists, blocks, tableBytes } of EXAMPLES) {
    await t.step(`decoding ${name}`, () => {
      const decoder = new HpackDecoder(4096);
      if (tableBytes) decoder.decode(TO_256);
      for (const [i, block] of blocks.entries()) {
        assertEquals(decoded(decoder, unhex(block)), lists[i]!);
      }
    });
    await t.step(`encoding ${name}`, () => {
      const encoder = new HpackEncoder({ huffman });
      if (tableBytes) encoder.resize(tableBytes);
      for (const [i, block] of blocks.entries()) {
        const expected = i === 0 && tableBytes
          ? join(TO_256, unhex(block))
          : unhex(block);
        const made = encoder.encode(new Fields(lists[i]!.flat()));
        assertEquals(hex(made), hex(expected));
      }
    });
  }
});

Deno.test("HPACK decodes literals of every kind (C.2)", () => {
  const decoder = new HpackDecoder(4096);
  const cases: [string, Pairs][] = [
    [
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      [["custom-key", "custom-header"]],
    ],
    ["be", [["custom-key", "custom-header"]]],
    ["040c 2f73 616d 706c 652f 7061 7468", [[":path", "/sample/path"]]],
    ["1008 7061 7373 776f 7264 0673 6563 7265 74", [["password", "secret"]]],
    ["82", [[":method", "GET"]]],
    ["", []],
  ];
  for (const [block, pairs] of cases) {
    assertEquals(decoded(decoder, unhex(block)), pairs);
  }
});

Deno.test("HPACK refuses what is no block", async (t) => {
  const cases: [string, string][] = [
    ["index 0", "80"],
    ["index beyond both tables", "be"],
    ["endless integer", "ff ff ff ff ff ff ff ff"],
    ["integer without end", "ff 80"],
    ["literal without value", "40 01 61"],
    ["string longer than the block", "00 7f 61"],
    ["string of 16 MiB", "00 7f ff ff ff 07"],
    ["Huffman EOS", "00 84 ff ff ff ff 00"],
    ["Huffman padding of 8 bits", "00 82 1f ff 00"],
    ["Huffman padding with zeros", "00 81 18 00"],
    ["table size above the offer", "3f e2 1f"],
    ["table size after a field", "82 20"],
  ];
  for (const [name, block] of cases) {
    await t.step(name, () => {
      const decoder = new HpackDecoder(4096);
      const thrown = assertThrows(
        () => decoder.decode(unhex(block)),
        Http2Error,
        "COMPRESSION_ERROR",
      );
      assertEquals(thrown.problem.kind, "connection");
    });
  }
});

Deno.test("a list that is too large keeps the table in step", () => {
  const decoder = new HpackDecoder(100);
  const encoder = new HpackEncoder();
  const large = encoder.encode(
    new Fields(["a", "x".repeat(60), "b", "y".repeat(60), "c", "z"]),
  );
  assertEquals(decoded(decoder, large), "tooLarge");
  assertEquals(
    decoded(decoder, encoder.encode(new Fields(["c", "z"]))),
    [["c", "z"]],
  );
});

Deno.test("a bomb of references is cut at the limit", () => {
  const decoder = new HpackDecoder(16_384);
  const value = new Uint8Array(4000).fill(0x61);
  decoder.decode(join(unhex("40 01 61 7f a1 1e"), value));
  const bomb = new Uint8Array(30_000).fill(0xbe);
  assertEquals(decoded(decoder, bomb), "tooLarge");
});

Deno.test("the same block yields the same list until the table changes", () => {
  const decoder = new HpackDecoder(4096);
  const read = (block: string) => {
    const result = decoder.decode(unhex(block));
    return result.kind === "fields" ? result.fields : undefined;
  };
  read("400161 0162");
  const first = read("82be");
  assertEquals(read("82be") === first, true);
  assertEquals(first!.stable, true);
  read("400163 0164");
  assertEquals(read("82be")!.pairs(), [[":method", "GET"], ["c", "d"]]);
  assertEquals(read("82bf")!.pairs(), [[":method", "GET"], ["a", "b"]]);
});

Deno.test("a stable list is encoded anew when the table has changed", () => {
  const encoder = new HpackEncoder({ huffman: false });
  const decoder = new HpackDecoder(4096);
  const stable = Fields.of(["x-first", "1"]);
  const check = (fields: Fields) =>
    assertEquals(decoded(decoder, encoder.encode(fields)), fields.pairs());
  check(stable);
  check(stable);
  check(new Fields(["x-second", "2"]));
  check(stable);
  encoder.resize(0);
  check(stable);
  encoder.resize(4096);
  check(stable);
  check(stable);
});

Deno.test("secrets and what varies never enter the table", () => {
  const encoder = new HpackEncoder({ huffman: false });
  const block = encoder.encode(
    new Fields(["token", "t", "grpc-timeout", "1S"]),
  );
  assertEquals(
    hex(block),
    "10 05 74 6f 6b 65 6e 01 74 " +
      "00 0c 67 72 70 63 2d 74 69 6d 65 6f 75 74 02 31 53",
  );
});

Deno.test("every octet survives Huffman", () => {
  const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
    .join("");
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  for (const text of [all, ...all]) {
    const fields = new Fields(["x", text]);
    assertEquals(decoded(decoder, encoder.encode(fields)), fields.pairs());
  }
});
