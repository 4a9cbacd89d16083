/** The Zstandard decompressor: against libzstd, as node:zlib has it. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  constants,
  zstdCompressSync,
  zstdDecompressSync,
  type ZstdOptions,
} from "node:zlib";
import { dice, mutate, sample, zstdFrame } from "./codec_samples.ts";
import { CODEC_BLOCK_MAX, CoreError, loadCore } from "./mod.ts";
import { beside } from "./reference/beside.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const MUTANTS = FULL ? 200_000 : 5_000;
const {
  ZSTD_c_checksumFlag,
  ZSTD_c_compressionLevel,
  ZSTD_c_contentSizeFlag,
  ZSTD_c_windowLog,
  ZSTD_d_windowLogMax,
} = constants;
const core = await loadCore();
const both = beside(core);
const bothOrNone = beside(core, { kinds: false });

/** As Node documents it; its types do not have the size. */
interface Options extends ZstdOptions {
  readonly pledgedSrcSize?: number;
}

function pack(want: Uint8Array, options: Options): Uint8Array<ArrayBuffer> {
  return zstdFrame(zstdCompressSync(want, options));
}

function refusal(bytes: Uint8Array, limit: number): string {
  const act = () => both.decompress("zstd", bytes, { limit });
  return assertThrows(act, CoreError).kind;
}

function check(packed: Uint8Array, want: Uint8Array, what: string) {
  const limit = want.length;
  const have = both.decompress("zstd", packed, { limit });
  assertEquals(have.length, want.length, what);
  assertEquals(core.hash("xxh64", have), core.hash("xxh64", want), what);
  if (limit > 0) assertEquals(refusal(packed, limit - 1), "limit", what);
  for (const size of [0, 1, packed.length >> 1, packed.length - 1]) {
    assertEquals(refusal(packed.subarray(0, size), limit), "outOfBounds", what);
  }
  const more = Uint8Array.of(...packed.subarray(0, 40_000), 0);
  if (more.length > packed.length) {
    assertEquals(refusal(more, limit), "corrupt");
  }
}

const SIZES = [0, 1, 2, 6, 100, 255, 256, 5_000, 65_800, 131_073, 300_000];
const LEVELS = FULL ? [-50, -5, 1, 3, 7, 12, 15, 19, 22] : [-5, 1, 5, 9];

Deno.test("zstd: whatever libzstd writes", () => {
  for (const [n, level] of LEVELS.entries()) {
    for (let kind = 0; kind < 4; kind++) {
      for (const size of SIZES) {
        const want = sample(kind, size);
        const params = {
          [ZSTD_c_compressionLevel]: level,
          [ZSTD_c_checksumFlag]: (n + kind) & 1,
          // Blocks as small as the window, and windows larger than any output.
          [ZSTD_c_windowLog]: [0, 10, 17, 24][(n + size) & 3]!,
        };
        const sized = (n + kind) & 2 ? { pledgedSrcSize: size } : {};
        check(
          pack(want, { params, ...sized }),
          want,
          `${level} ${kind} ${size}`,
        );
      }
    }
  }
  for (const kind of [1, 2, 3]) {
    const whole = sample(kind, CODEC_BLOCK_MAX);
    check(pack(whole, {}), whole, `${kind}`);
  }
});

/** `magic`, no checksum, a window of 1 KiB; then blocks. */
const HEAD = "28b52ffd" + "0000";
/** A last block of that kind, whose size is `size`. */
function last(kind: number, size: number, bytes: string): string {
  const head = 1 | kind << 1 | size << 3;
  return Uint8Array.of(head, head >> 8, head >> 16).toHex() + bytes;
}

Deno.test("zstd: the ways that a frame can be wrong", () => {
  const empty = last(0, 0, "");
  const cases: [string, string, string][] = [
    ["another magic", "corrupt", "28b52ffe" + "0000" + empty],
    ["a skippable frame", "unsupported", "502a4d18" + "0000000000"],
    ["a reserved bit", "corrupt", "28b52ffd" + "0800" + empty],
    ["a dictionary", "unsupported", "28b52ffd" + "010001" + empty],
    ["a window of 4 GiB", "unsupported", "28b52ffd" + "00b0" + empty],
    ["a window of 2.25 GiB", "unsupported", "28b52ffd" + "00a9" + empty],
    ["a reserved block", "corrupt", HEAD + last(3, 0, "")],
    ["a block over the window", "corrupt", HEAD + last(1, 1025, "00")],
    ["less than its size", "corrupt", "28b52ffd" + "2002" + last(1, 1, "00")],
    [
      "more than its size",
      "corrupt",
      "28b52ffd" + "2001" + last(0, 1, "00") + "00",
    ],
    ["a size over the limit", "limit", "28b52ffd" + "20c9" + last(1, 1, "00")],
    ["a wrong checksum", "corrupt", "28b52ffd" + "0400" + empty + "00e9d851"],
    ["half a checksum", "outOfBounds", "28b52ffd" + "0400" + empty + "99e9"],
    ["too large", "limit", HEAD + last(1, 300, "00")],
    ["an empty coded block", "corrupt", HEAD + last(2, 0, "")],
    ["no sequences' count", "corrupt", HEAD + last(2, 2, "0861")],
    ["literals past the block", "corrupt", HEAD + last(2, 2, "1061")],
    ["no codes to reuse", "corrupt", HEAD + last(2, 5, "1340000100")],
    ["no tables to repeat", "corrupt", HEAD + last(2, 5, "086101fc01")],
    ["reserved modes", "corrupt", HEAD + last(2, 5, "0861010101")],
    ["no end mark", "corrupt", HEAD + last(2, 8, "086101540100" + "0000")],
    ["bytes after sequences", "corrupt", HEAD + last(2, 4, "08610000")],
  ];
  for (const [name, kind, hex] of cases) {
    assertEquals(refusal(Uint8Array.fromHex(hex), 200), kind, name);
  }
  assertEquals(refusal(new Uint8Array((1 << 20) + 1), 9), "limit");
});

Deno.test("zstd: small frames written by hand", () => {
  const cases: [string, string, string][] = [
    ["nothing", HEAD + last(0, 0, ""), ""],
    ["a raw block", HEAD + last(0, 2, "6162"), "6162"],
    ["a run", HEAD + last(1, 4, "61"), "61616161"],
    ["literals only", HEAD + last(2, 3, "086100"), "61"],
    ["a run of literals", HEAD + last(2, 3, "196100"), "616161"],
    // One sequence, all tables of one symbol: 1 literal, repeat 1, 5 bytes.
    ["a match", HEAD + last(2, 8, "08610154" + "01000201"), "616161616161"],
    ["a checksum", "28b52ffd" + "0400" + last(0, 0, "") + "99e9d851", ""],
    ["an ID of zero", "28b52ffd" + "010000" + last(0, 0, ""), ""],
  ];
  for (const [name, hex, want] of cases) {
    const bytes = Uint8Array.fromHex(hex);
    const have = both.decompress("zstd", bytes, { limit: 200 });
    assertEquals(have.toHex(), want, name);
    assertEquals(zstdDecompressSync(bytes).toString("hex"), want, name);
  }
});

/** What libzstd makes of it; nothing if it refuses. */
function libzstdTakes(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const params = { [ZSTD_d_windowLogMax]: 31 };
    return zstdDecompressSync(bytes, { maxOutputLength: 4096, params });
  } catch {
    return undefined;
  }
}

Deno.test(`zstd: ${MUTANTS} mutants end as in libzstd, in bounds`, () => {
  const roll = dice(20_261_125);
  const before = core.memoryBytes;
  let taken = 0;
  for (let n = 0; n < MUTANTS; n++) {
    const params = {
      [ZSTD_c_compressionLevel]: [1, 3, 9, 19][roll(4)]!,
      [ZSTD_c_contentSizeFlag]: roll(2),
    };
    const size = 1 + roll(2_000);
    const bytes = pack(sample(roll(4), size), { params, pledgedSrcSize: size });
    mutate(bytes, roll);
    let have: Uint8Array | undefined;
    try {
      have = bothOrNone.decompress("zstd", bytes, { limit: 4096 });
    } catch (thrown) {
      assert(thrown instanceof CoreError, String(thrown));
    }
    if (!have) continue;
    taken++;
    assertEquals(have.toHex(), libzstdTakes(bytes)?.toHex(), bytes.toHex());
  }
  // A change of a literal is one that nobody sees.
  assert(taken > MUTANTS / 100, `${taken}`);
  assertEquals(core.memoryBytes, before);
});

Deno.test("zstd: a checksum leaves a hasher under way alone", () => {
  const hasher = core.hasher("xxh64").update(Uint8Array.of(1, 2, 3));
  const want = sample(2, 5_000);
  check(pack(want, { params: { [ZSTD_c_checksumFlag]: 1 } }), want, "sum");
  const whole = core.hash("xxh64", Uint8Array.of(1, 2, 3));
  assertEquals(hasher.digest(), whole);
});
