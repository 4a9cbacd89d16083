/** Checksums: one suite for core.wasm and for the reference. */
import { assertEquals, assertThrows } from "@std/assert";
import * as hashWasm from "hash-wasm";
import { createHash } from "node:crypto";
import type { Hashes } from "./hash.ts";
import type { Algorithm } from "./instance.ts";
import { loadCore, MEMORY_LIMIT } from "./mod.ts";
import { Reference } from "./reference/mod.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const core = await loadCore();

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes that repeat 0..250, the pattern of BLAKE3's own vectors. */
function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i % 251);
}

/** From FIPS 180-4's examples, BLAKE3's test_vectors.json, RFC 3720, xxHash. */
const VECTORS: readonly [Algorithm, Uint8Array, string][] = [
  [
    "sha256",
    ascii(""),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  ],
  [
    "sha256",
    ascii("abc"),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ],
  [
    "sha256",
    ascii("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  [
    "sha512",
    ascii("abc"),
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  ],
  [
    "sha512",
    ascii(""),
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
  ],
  [
    "blake3",
    pattern(0),
    "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
  ],
  [
    "blake3",
    pattern(1),
    "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
  ],
  [
    "blake3",
    pattern(1024),
    "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
  ],
  [
    "blake3",
    pattern(1025),
    "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
  ],
  [
    "blake3",
    pattern(31744),
    "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47",
  ],
  ["crc32", ascii("123456789"), "cbf43926"],
  ["crc32c", ascii("123456789"), "e3069283"],
  ["crc32c", new Uint8Array(32), "8a9136aa"],
  ["crc32c", new Uint8Array(32).fill(255), "62a8ab43"],
  ["xxh64", ascii(""), "ef46db3751d8e999"],
  ["xxh64", ascii("abc"), "44bc2cf5ad770999"],
];

const ALGORITHMS: readonly Algorithm[] = [
  ...["sha256", "sha512", "blake3", "crc32", "crc32c", "xxh64"] as const,
];

/** Fixed bytes that look random. */
function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let x = 0x2545f491;
  for (let i = 0; i < size; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x;
  }
  return bytes;
}

const NOISE = noise(100_000);

/** An implementation that is not ours. */
async function peer(algorithm: Algorithm) {
  if (algorithm === "sha256" || algorithm === "sha512") {
    return (bytes: Uint8Array) =>
      createHash(algorithm).update(bytes).digest("hex");
  }
  const hasher = await {
    blake3: () => hashWasm.createBLAKE3(),
    crc32: () => hashWasm.createCRC32(),
    crc32c: () => hashWasm.createCRC32(0x82f63b78),
    xxh64: () => hashWasm.createXXHash64(),
  }[algorithm]();
  return (bytes: Uint8Array) => hasher.init().update(bytes).digest("hex");
}

function check(name: string, hashes: Hashes, lengths: readonly number[]) {
  Deno.test(`${name}: vectors of the standards`, () => {
    for (const [algorithm, bytes, want] of VECTORS) {
      assertEquals(hashes.hash(algorithm, bytes).toHex(), want, algorithm);
    }
  });

  Deno.test(`${name}: lengths, at once and in two pieces`, async () => {
    for (const algorithm of ALGORITHMS) {
      const want = await peer(algorithm);
      for (const length of lengths) {
        const bytes = NOISE.subarray(0, length);
        const where = `${algorithm} of ${length}`;
        const hex = want(bytes);
        assertEquals(hashes.hash(algorithm, bytes).toHex(), hex, where);
        const cut = (length * 7919) % (length + 1);
        const pieces = hashes.hasher(algorithm)
          .update(bytes.subarray(0, cut))
          .update(bytes.subarray(cut));
        assertEquals(pieces.digest().toHex(), hex, `${where} cut at ${cut}`);
      }
    }
  });

  Deno.test(`${name}: hashers do not disturb each other`, async () => {
    for (const algorithm of ALGORITHMS) {
      const want = await peer(algorithm);
      const hashers = [0, 1, 2].map(() => hashes.hasher(algorithm));
      for (let at = 0; at < 9_000; at += 900) {
        hashers.forEach((h, i) =>
          h.update(NOISE.subarray(at + i, at + i + 900))
        );
        hashes.hash(algorithm, NOISE.subarray(0, 77));
      }
      hashers.forEach((h, i) =>
        assertEquals(
          h.digest().toHex(),
          want(NOISE.subarray(i, i + 9_000)),
          algorithm,
        )
      );
      const spent = hashers[0]!;
      assertThrows(() => spent.digest(), Error, "given its digest");
      assertThrows(() => spent.update(NOISE), Error, "given its digest");
    }
  });
}

/** Around every block, chunk and group; then some that are large. */
const EDGES = [55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1023, 1024, 1025]
  .concat([2048, 2049, 3072, 4096, 4097, 5120, 8192]);
const LARGE = [16_383, 16_384, 16_385, 17_408, 32_768, 32_769, 49_153, 65_537]
  .concat(100_000);
const ALL = Array.from({ length: 4096 }, (_, i) => i);
const FEW = ALL.slice(0, 40).concat(EDGES);

check("core.wasm", core, ALL.concat(LARGE));
check("reference", new Reference(), FULL ? ALL.concat(LARGE) : FEW);

Deno.test("core.wasm: memory stays as it is", () => {
  const before = core.memoryBytes;
  core.hash("blake3", new Uint8Array(8 << 20));
  assertEquals(core.memoryBytes, before);
  assertEquals(before <= MEMORY_LIMIT, true);
});
