/** Decompressors: against node:zlib, on good and on changed bytes. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  constants,
  deflateRawSync,
  deflateSync,
  inflateRawSync,
} from "node:zlib";
import { dice, mutate, sample } from "./codec_samples.ts";
import { type Codec, CODEC_BLOCK_MAX, CoreError, loadCore } from "./mod.ts";
import { beside } from "./reference/beside.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const MUTANTS = FULL ? 200_000 : 5_000;
const wasm = await loadCore();
const core = beside(wasm);

function refusal(codec: Codec, bytes: Uint8Array, limit: number): string {
  const error = assertThrows(
    () => core.decompress(codec, bytes, { limit }),
    CoreError,
  );
  return error.kind;
}

function check(codec: Codec, packed: Uint8Array, want: Uint8Array) {
  const limit = want.length;
  const have = core.decompress(codec, packed, { limit });
  assert(have.length === want.length, `${codec} of ${want.length}`);
  assertEquals(wasm.hash("xxh64", have), wasm.hash("xxh64", want));
  if (limit > 0) assertEquals(refusal(codec, packed, limit - 1), "limit");
  // A part of an LZ4 block can be one.
  if (codec === "lz4") return;
  for (const size of [0, 1, packed.length >> 1, packed.length - 1]) {
    const kind = refusal(codec, packed.subarray(0, size), limit);
    assertEquals(kind, "outOfBounds", `${codec}, ${size} bytes`);
  }
}

const SIZES = [0, 1, 2, 100, 5_551, 5_553, 40_000, 300_000, CODEC_BLOCK_MAX];

Deno.test("deflate and zlib: whatever zlib writes", () => {
  const { Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_DEFAULT_STRATEGY } = constants;
  for (const strategy of [Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE]) {
    for (const level of [0, 1, 9]) {
      for (let kind = 0; kind < 4; kind++) {
        for (const size of SIZES.slice(0, FULL ? undefined : 7)) {
          const want = sample(kind, size);
          const options = { level, strategy };
          const packed = deflateSync(want, options);
          if (packed.length > CODEC_BLOCK_MAX) continue;
          check("zlib", packed, want);
          check("deflate", deflateRawSync(want, options), want);
        }
      }
    }
  }
  const whole = sample(3, CODEC_BLOCK_MAX);
  check("zlib", deflateSync(whole), whole);
});

Deno.test("zlib: wrappers that are wrong", () => {
  const good = new Uint8Array(deflateSync(new TextEncoder().encode("hello")));
  const cases: [string, string, (b: Uint8Array) => void][] = [
    ["method", "corrupt", (b) => b.set([0x77, 0x85])],
    ["window", "corrupt", (b) => b.set([0x88, 0x1c])],
    ["header check", "corrupt", (b) => b[1]! ^= 1],
    ["dictionary", "unsupported", (b) => b.set([0x78, 0xbb])],
    ["checksum", "corrupt", (b) => b[b.length - 1]! ^= 1],
  ];
  for (const [name, kind, change] of cases) {
    const bad = good.slice();
    change(bad);
    assertEquals(refusal("zlib", bad, 100), kind, name);
  }
  assertEquals(refusal("zlib", Uint8Array.of(...good, 0), 100), "corrupt");
  assertEquals(refusal("zlib", new Uint8Array((1 << 20) + 1), 9), "limit");
});

/** What zlib makes of it, if it uses all of it; nothing if it refuses. */
function zlibTakes(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const options = { info: true, maxOutputLength: 4096 };
    const { buffer, engine } = inflateRawSync(bytes, options) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    return engine.bytesWritten === bytes.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

Deno.test(`deflate: ${MUTANTS} mutants end as in zlib, in bounds`, () => {
  const { Z_FIXED, Z_DEFAULT_STRATEGY } = constants;
  const roll = dice(20_261_123);
  let taken = 0;
  for (let n = 0; n < MUTANTS; n++) {
    const strategy = roll(3) === 0 ? Z_FIXED : Z_DEFAULT_STRATEGY;
    const want = sample(roll(4), 1 + roll(600));
    const bytes = new Uint8Array(deflateRawSync(want, { strategy, level: 9 }));
    mutate(bytes, roll);
    const expected = zlibTakes(bytes);
    if (expected) {
      taken++;
      const have = core.decompress("deflate", bytes, { limit: 4096 });
      assertEquals(have.toHex(), expected.toHex(), bytes.toHex());
    } else {
      assertThrows(
        () => core.decompress("deflate", bytes, { limit: 4096 }),
        CoreError,
      );
    }
  }
  // Some changes change nothing.
  assert(taken > MUTANTS / 100, `${taken}`);
});

/** A size beyond 15 in LZ4's way. */
function lz4Size(size: number): number[] {
  const bytes = [];
  let rest = size - 15;
  for (; rest >= 255; rest -= 255) bytes.push(255);
  return size < 15 ? [] : [...bytes, rest];
}

/** A greedy LZ4 block writer. */
function lz4Pack(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  const seen = new Map<string, number>();
  let literal = 0;
  const sequence = (end: number, match?: { far: number; size: number }) => {
    const count = end - literal;
    const more = match ? match.size - 4 : 0;
    out.push(Math.min(15, count) << 4 | Math.min(15, more), ...lz4Size(count));
    for (let i = literal; i < end; i++) out.push(bytes[i]!);
    if (match) out.push(match.far & 255, match.far >> 8, ...lz4Size(more));
  };
  for (let at = 0; at + 12 < bytes.length;) {
    const key = bytes.subarray(at, at + 4).join();
    const from = seen.get(key);
    seen.set(key, at);
    if (from === undefined || at - from > 65_535) {
      at++;
      continue;
    }
    let size = 4;
    while (
      at + size < bytes.length - 5 && bytes[from + size] === bytes[at + size]
    ) {
      size++;
    }
    sequence(at, { far: at - from, size });
    at += size;
    literal = at;
  }
  sequence(bytes.length);
  return Uint8Array.from(out);
}

Deno.test("lz4: blocks, and the ways they can be wrong", () => {
  for (let kind = 0; kind < 4; kind++) {
    for (const size of [0, 1, 14, 15, 16, 270, 271, 5_000, 90_000]) {
      const want = sample(kind, size);
      check("lz4", lz4Pack(want), want);
    }
  }
  const cases: [string, string, number[]][] = [
    ["nothing", "outOfBounds", []],
    ["literals end early", "outOfBounds", [0x20, 1]],
    ["a long size ends early", "outOfBounds", [0xf0, 255]],
    ["a distance ends early", "outOfBounds", [0x10, 1, 1]],
    ["no literals at the end", "outOfBounds", [0x10, 1, 1, 0]],
    ["a match at the end", "corrupt", [0x11, 1]],
    ["distance 0", "corrupt", [0x10, 1, 0, 0, 0x10, 1]],
    ["before the start", "corrupt", [0x10, 1, 2, 0, 0x10, 1]],
    ["too large", "limit", [0x1f, 1, 1, 0, 255, 255, 0, 0x10, 1]],
  ];
  for (const [name, kind, bytes] of cases) {
    assertEquals(refusal("lz4", Uint8Array.from(bytes), 64), kind, name);
  }
});

/** By lzop -9: three literals first, long and short matches, a run. */
const LZO_TEXT = "abc".repeat(10) + "xyz0123456789" + "abcabc" +
  "abc" + "a".repeat(46);
const LZO_PACKED = Uint8Array.fromHex(
  "14616263" + "390800" + "0a78797a30313233343536373839" + "286000" +
    "200c0000" + "110000",
);

Deno.test("lzo: a stream of lzop, and the ways it can be wrong", () => {
  const want = new TextEncoder().encode(LZO_TEXT);
  check("lzo", LZO_PACKED, want);
  const none = core.decompress("lzo", Uint8Array.of(17, 0, 0), { limit: 0 });
  assertEquals(none.length, 0);
  const cases: [string, string, number[]][] = [
    ["a later bitstream", "unsupported", [17, 1, 17, 0, 0]],
    ["bytes after the end", "corrupt", [...LZO_PACKED, 0]],
    ["an end of another length", "corrupt", [18, 65, 18, 0, 0]],
    ["before the start", "corrupt", [18, 65, 0x20 | 1, 4, 0, 17, 0, 0]],
    ["literals end early", "outOfBounds", [0x40, 0, 17, 0, 0]],
    ["a long size ends early", "outOfBounds", [0, 0, 0]],
    ["no end", "outOfBounds", [18, 65]],
    ["too large", "limit", [18, 65, 0x20, 255, 0, 0, 17, 0, 0]],
  ];
  for (const [name, kind, bytes] of cases) {
    assertEquals(refusal("lzo", Uint8Array.from(bytes), 200), kind, name);
  }
});

Deno.test(`lz4, lzo: ${MUTANTS} mutants end in bounds`, () => {
  const roll = dice(4);
  const before = wasm.memoryBytes;
  for (let n = 0; n < MUTANTS; n++) {
    const codec = n % 2 === 0 ? "lz4" : "lzo";
    const bytes = codec === "lz4"
      ? lz4Pack(sample(roll(4), 1 + roll(200)))
      : LZO_PACKED.slice();
    for (let i = roll(3); i >= 0; i--) bytes[roll(bytes.length)] = roll(256);
    try {
      const have = core.decompress(codec, bytes, { limit: 300 });
      assert(have.length <= 300);
    } catch (thrown) {
      assert(thrown instanceof CoreError, String(thrown));
    }
  }
  assertEquals(wasm.memoryBytes, before);
});
