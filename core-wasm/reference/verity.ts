/** A dm-verity tree (format 1) by its definition, all of it in memory. */
import { sha256, sha512 } from "./sha2.ts";

/** As `VerityParams`, without what concerns the superblock. */
export interface ReferenceTree {
  readonly algorithm: "sha256" | "sha512";
  readonly dataBlockSize: number;
  readonly hashBlockSize: number;
  readonly salt: Uint8Array;
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = new Uint8Array(size);
    piece.set(bytes.subarray(at, at + size));
    pieces.push(piece);
  }
  return pieces;
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** The root hash, and the levels from the top down, as they lie in a file. */
export function referenceTree(data: Uint8Array, options: ReferenceTree) {
  const digest = options.algorithm === "sha256" ? sha256 : sha512;
  let blocks = cut(data, options.dataBlockSize);
  const levels: Uint8Array[] = [];
  while (blocks.length > 1) {
    const digests = blocks.map((b) => digest(join([options.salt, b])));
    blocks = cut(join(digests), options.hashBlockSize);
    levels.unshift(join(blocks));
  }
  return {
    rootHash: digest(join([options.salt, blocks[0]!])),
    tree: join(levels),
  };
}
