/**
 * The API of `../mod.ts` in plain TypeScript: slow and obvious, held to the
 * same suite. It shares no code with what it checks.
 */
import type { Hasher, Hashes } from "../hash.ts";
import type { Algorithm } from "../instance.ts";
import { blake3 } from "./blake3.ts";
import { decompress, type ReferenceCodec } from "./codec/mod.ts";
import { sha256, sha512 } from "./sha2.ts";
import { crc32, crc32c, xxh64 } from "./short.ts";

export { openReferenceSquashfs } from "./squashfs.ts";

const FUNCTIONS: Readonly<
  Record<Algorithm, (bytes: Uint8Array) => Uint8Array<ArrayBuffer>>
> = { sha256, sha512, blake3, crc32, crc32c, xxh64 };

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The reference. A hasher keeps all that it is given. */
export class Reference implements Hashes {
  hash(algorithm: Algorithm, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return FUNCTIONS[algorithm](bytes);
  }

  /** What a compressed block becomes, as `Core` has it. */
  decompress(
    codec: ReferenceCodec,
    bytes: Uint8Array,
    options: { limit: number },
  ): Uint8Array<ArrayBuffer> {
    return decompress(codec, bytes, options);
  }

  hasher(algorithm: Algorithm): Hasher {
    const pieces: Uint8Array[] = [];
    let done = false;
    const open = () => {
      if (done) throw new Error("this hasher has given its digest");
    };
    return {
      update(bytes) {
        open();
        pieces.push(bytes.slice());
        return this;
      },
      digest() {
        open();
        done = true;
        return FUNCTIONS[algorithm](concat(pieces));
      },
    };
  }
}
