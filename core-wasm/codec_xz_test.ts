/**
 * The xz decompressor: literal streams of Debian's xz, and streams made here,
 * right in all but one place. `tests/build/xz_test.ts` has the comparison.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { dice } from "./codec_samples.ts";
import { CoreError, loadCore } from "./mod.ts";
import { beside } from "./reference/beside.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const MUTANTS = FULL ? 200_000 : 5_000;
const core = await loadCore();
const both = beside(core);

const hex = Uint8Array.fromHex;
const unpack = (bytes: Uint8Array, limit = 4096) =>
  both.decompress("xz", bytes, { limit });

function refusal(bytes: Uint8Array, limit = 4096): string {
  return assertThrows(() => unpack(bytes, limit), CoreError).kind;
}

function le(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => value / 2 ** (8 * i) & 255);
}

function crc(bytes: number[]): number[] {
  return [...core.hash("crc32", Uint8Array.from(bytes)).toReversed()];
}

/** A size of seven bits a byte. */
function vli(value: number): number[] {
  return value < 128
    ? [value]
    : [value & 127 | 128, ...vli(Math.floor(value / 128))];
}

/** What is in a stream, and what may be wrong with it. */
interface Parts {
  chunks: number[];
  plain: number;
  check?: number;
  sum?: number[];
  flags?: number;
  sizes?: number[];
  filters?: number[];
  headerEnd?: number[];
  count?: number[];
  record?: number[];
  backward?: number;
  footerCheck?: number;
  footerMagic?: number[];
}

/** LZMA2 with a dictionary of 4 KiB. */
const LZMA2 = [0x21, 1, 0];

function pad(bytes: number[], from = 0): number[] {
  return [...bytes, ...le(0, -(bytes.length + from) & 3)];
}

/** A stream of one block. */
function stream(parts: Parts): Uint8Array<ArrayBuffer> {
  const { chunks, plain, check = 0, sum = [] } = parts;
  const flags = [0, check];
  const fields = [
    ...[parts.flags ?? 0, ...parts.sizes ?? [], ...parts.filters ?? LZMA2],
    ...parts.headerEnd ?? [],
  ];
  const body = pad(fields, 1);
  const header = [(body.length + 5) / 4 - 1, ...body];
  const unpadded = header.length + 4 + chunks.length + sum.length;
  const record = parts.record ?? [...vli(unpadded), ...vli(plain)];
  const index = pad([0, ...parts.count ?? [1], ...record]);
  const footer = [
    ...le(parts.backward ?? index.length / 4, 4),
    ...[0, parts.footerCheck ?? check],
  ];
  return Uint8Array.of(
    ...[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, ...flags, ...crc(flags)],
    ...[...header, ...crc(header), ...pad(chunks), ...sum],
    ...[...index, ...crc(index), ...crc(footer), ...footer],
    ...parts.footerMagic ?? [0x59, 0x5a],
  );
}

/** "hello", not compressed. */
const HELLO = [1, 0, 4, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0];
/** "abc" thirty times, by liblzma: a chunk and the end. */
const ABC = hex("e0005900095d00309888ab8c35c9800000");

Deno.test("xz: streams of Debian's xz", () => {
  const head = "fd377a585a0000";
  const block = "0200210116000000742fe5a301000468656c6c6f00000000";
  const crc32 = hex(
    `${head}016922de36${block}86a6103600011905bce8eccb9042990d010000000001595a`,
  );
  const sha256 = hex(
    `${head}0ae1fb0ca1${block}2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e` +
      "73043362938b9824000135051283ddf2189b4b9a01000000000a595a",
  );
  const nothing = hex(
    `${head}04e6d6b446000000001cdf44211fb6f37d010000000004595a`,
  );
  assertEquals(unpack(nothing, 0).length, 0);
  const hasher = core.hasher("sha256").update(Uint8Array.of(1));
  for (const bytes of [crc32, sha256]) {
    assertEquals(new TextDecoder().decode(unpack(bytes)), "hello");
    assertEquals(refusal(bytes, 4), "limit");
    for (let size = 0; size < bytes.length; size++) {
      assertEquals(refusal(bytes.subarray(0, size)), "outOfBounds", `${size}`);
    }
    for (let at = 0; at < bytes.length; at++) {
      const bad = bytes.slice();
      bad[at]! ^= 1;
      assert(["corrupt", "outOfBounds"].includes(refusal(bad)), `${at}`);
    }
  }
  // The check has a state of its own.
  const want = core.hash("sha256", Uint8Array.of(1, 2));
  assertEquals(hasher.update(Uint8Array.of(2)).digest(), want);
});

Deno.test("xz: a stream that is wrong in one place", () => {
  const good = { chunks: HELLO, plain: 5 };
  assertEquals(new TextDecoder().decode(unpack(stream(good))), "hello");
  const x86 = [4, 0];
  const all = { ...good, flags: 0xc1, sizes: [9, 5] };
  const start = { filters: [4, 4, 1, 2, 3, 4, ...LZMA2] };
  assertEquals(unpack(stream({ ...all, ...start })).length, 5);
  const filter = (flags: number, filters: number[]) => ({ flags, filters });
  const cases: [string, string, Partial<Parts>][] = [
    ["a check that is unknown", "unsupported", { check: 2 }],
    ["a reserved check", "unsupported", { check: 16 }],
    ["a wrong CRC-32", "corrupt", { check: 1, sum: [0, 0, 0, 0] }],
    ["a wrong CRC-64", "corrupt", { check: 4, sum: le(0, 8) }],
    ["a wrong SHA-256", "corrupt", { check: 10, sum: le(0, 32) }],
    ["reserved flags", "unsupported", { flags: 4 }],
    ["another packed size", "corrupt", { flags: 0x40, sizes: [8] }],
    ["no packed size", "corrupt", { flags: 0x40, sizes: [0] }],
    ["another size", "corrupt", { flags: 0x80, sizes: [6] }],
    ["a size that is too long", "corrupt", { flags: 0x80, sizes: [0x85, 0] }],
    ["padding of a header", "unsupported", { headerEnd: [0, 0, 0, 1] }],
    ["x86 last", "unsupported", filter(0, x86)],
    ["x86 twice", "unsupported", filter(2, [...x86, ...x86, ...LZMA2])],
    ["x86 with odd options", "unsupported", filter(1, [4, 1, 0, ...LZMA2])],
    ["ARM", "unsupported", filter(1, [7, 0, ...LZMA2])],
    ["a dictionary too large", "unsupported", filter(0, [0x21, 1, 41])],
    ["LZMA2 with odd options", "unsupported", filter(0, [0x21, 0])],
    ["a filter past the header", "corrupt", filter(1, [4, 200, ...LZMA2])],
    ["two blocks in the index", "corrupt", { count: [2] }],
    ["no block in the index", "corrupt", { count: [0], record: [] }],
    ["another size in the index", "corrupt", { record: [21, 6] }],
    ["another packed size there", "corrupt", { record: [22, 5] }],
    ["another index size", "corrupt", { backward: 2 }],
    ["another check at the end", "corrupt", { footerCheck: 1 }],
    ["no magic at the end", "corrupt", { footerMagic: [0x59, 0x59] }],
  ];
  for (const [name, kind, change] of cases) {
    assertEquals(refusal(stream({ ...good, ...change })), kind, name);
  }
  const bytes = stream(good);
  assertEquals(refusal(Uint8Array.of(...bytes, ...le(0, 4))), "corrupt");
  assertEquals(refusal(Uint8Array.of(...bytes, ...bytes)), "corrupt");
});

Deno.test("xz: LZMA2 chunks of every kind, and wrong ones", () => {
  const abc = [...ABC];
  const lzma = abc.slice(0, -1);
  const again = [0xc0, ...lzma.slice(1)];
  const reset = [0xa0, ...lzma.slice(1, 5), ...lzma.slice(6)];
  const copy = (...first: number[]) => [...first, 0, 1, 7, 8];
  // The first literal is of the same context again after a byte below 32.
  const good: [string, number, number[]][] = [
    ["compressed", 90, abc],
    ["again, with a reset", 182, [...lzma, ...copy(2), ...reset, 0]],
    ["with new properties", 182, [...lzma, ...copy(2), ...again, 0]],
    ["with a new dictionary", 180, [...lzma, ...lzma, 0]],
    ["after a copy and before", 94, [...copy(1), ...again, ...copy(2), 0]],
  ];
  const text = "abc".repeat(30);
  for (const [name, plain, chunks] of good) {
    const have = new TextDecoder().decode(unpack(stream({ chunks, plain })));
    assertEquals(
      have.replaceAll("\x07\x08", ""),
      text.repeat(plain < 180 ? 1 : 2),
      name,
    );
    assertEquals(have.length, plain, name);
  }
  const changed = (at: number, value: number) => lzma.with(at, value).concat(0);
  const wrong: [string, string, number[]][] = [
    ["no dictionary", "corrupt", [...copy(2), 0]],
    ["no dictionary, new properties", "corrupt", [...again, 0]],
    ["no properties", "corrupt", [...copy(1), ...reset, 0]],
    ["old properties", "corrupt", [...lzma, ...copy(1), ...reset, 0]],
    ["control 3", "corrupt", [3, 0, 0, 0, 0]],
    ["control 7f", "corrupt", [0x7f, 0, 0, 0, 0]],
    ["lc + lp of 5", "corrupt", changed(5, 9 + 4)],
    ["properties 225", "corrupt", changed(5, 225)],
    ["a first byte that is not 0", "corrupt", changed(6, 1)],
    ["a size too small", "corrupt", changed(2, 0x58)],
    ["a size too large", "corrupt", changed(2, 0x5a)],
    ["a packed size too small", "corrupt", changed(4, 8)],
    ["past the end", "outOfBounds", changed(3, 0xff)],
    ["too large", "limit", [0xff, ...abc.slice(1)]],
  ];
  for (const [name, kind, chunks] of wrong) {
    assertEquals(refusal(stream({ chunks, plain: 90 })), kind, name);
  }
});

Deno.test(`xz: ${MUTANTS} mutants end in bounds`, () => {
  const roll = dice(5);
  const before = core.memoryBytes;
  let taken = 0;
  for (let n = 0; n < MUTANTS; n++) {
    const chunks = [...ABC.subarray(0, -1), ...HELLO];
    const bytes = stream({ chunks, plain: 95 });
    for (let i = roll(3); i >= 0; i--) {
      // Headers have a CRC: mostly the chunks are changed.
      const at = roll(8) === 0 ? roll(bytes.length) : 24 + roll(chunks.length);
      bytes[at] = [0, 1, 0x7f, 0x80, 0xff, roll(256)][roll(6)]!;
    }
    try {
      assert(unpack(bytes, 300).length <= 300);
      taken++;
    } catch (thrown) {
      assert(thrown instanceof CoreError, String(thrown));
    }
  }
  assert(taken < MUTANTS / 2, `${taken}`);
  assertEquals(core.memoryBytes, before);
});
